internal import Glibc

/// One panel of a picture: a title, two axes with their ticks, and curves.
struct Plot {
    /// How values become places along an axis.
    enum Scale {
        case linear
        case logarithmic
    }

    /// An axis: what it shows, from where to where, and what stands beside it.
    struct Axis {
        let scale: Scale
        let lowest: Double
        let highest: Double
        let ticks: [(value: Double, text: String)]

        /// Where a value stands, from 0 to 1.
        func place(_ value: Double) -> Double {
            let place =
                switch scale {
                case .linear: (value - lowest) / (highest - lowest)
                case .logarithmic: (log10(max(value, lowest)) - log10(lowest)) / (log10(highest) - log10(lowest))
                }
            return min(1, max(0, place))
        }
    }

    /// A curve.
    struct Curve {
        let name: String
        let color: String
        let points: [(x: Double, y: Double)]
        /// Whether the ground below it is tinted.
        var isFilled = false
    }

    let title: String
    /// What the horizontal axis shows.
    let caption: String
    let x: Axis
    let y: Axis
    let curves: [Curve]
    /// Said instead, if there are no curves.
    let excuse: String

    /// Draws it with its upper left corner at a place.
    func draw(on canvas: inout Canvas, left: Double, top: Double, width: Double, height: Double) {
        canvas.text(title, left, top + 14, size: 14, isBold: true)
        let frame = (left: left + 58, top: top + 30, width: width - 70, height: height - 74)
        let bottom = frame.top + frame.height
        guard curves.contains(where: { !$0.points.isEmpty }) else {
            canvas.rectangle(frame.left, frame.top, frame.width, frame.height)
            return canvas.text(
                excuse, frame.left + frame.width / 2, frame.top + frame.height / 2, color: Canvas.faint,
                anchor: "middle")
        }
        for tick in y.ticks {
            let height = bottom - y.place(tick.value) * frame.height
            canvas.line(frame.left, height, frame.left + frame.width, height, color: Canvas.grid)
            canvas.text(tick.text, frame.left - 8, height + 4, color: Canvas.soft, anchor: "end")
        }
        for tick in x.ticks {
            let place = frame.left + x.place(tick.value) * frame.width
            canvas.line(place, bottom, place, bottom + 5, color: Canvas.axis)
            canvas.text(tick.text, place, bottom + 19, color: Canvas.soft, anchor: "middle")
        }
        for curve in curves {
            let places = curve.points.map {
                (x: frame.left + x.place($0.x) * frame.width, y: bottom - y.place($0.y) * frame.height)
            }
            canvas.curve(places, color: curve.color, ground: curve.isFilled ? bottom : nil)
        }
        canvas.line(frame.left, bottom, frame.left + frame.width, bottom, color: Canvas.axis)
        canvas.text(caption, frame.left + frame.width, bottom + 37, color: Canvas.soft, anchor: "end")
        guard curves.count > 1 else { return }
        for (index, curve) in curves.enumerated() {
            let height = frame.top + 12 + Double(index) * 17
            canvas.line(frame.left + 10, height - 4, frame.left + 28, height - 4, color: curve.color, width: 2.5)
            canvas.text(curve.name, frame.left + 34, height, color: Canvas.ink)
        }
    }
}

// Axes that choose their own ticks.
extension Plot.Axis {
    /// From 0 to a round number that is not less than `highest`.
    static func upTo(_ highest: Double, atMost ticks: Int = 5) -> Self {
        let step = roundStep(max(highest, 1e-9) / Double(ticks))
        let count = max(1, Int((highest / step - 1e-9).rounded(.up)))
        let values = (0...count).map { Double($0) * step }
        return Self(
            scale: .linear, lowest: 0, highest: Double(count) * step,
            ticks: values.map { ($0, text($0, step: step, highest: values.last)) })
    }

    /// Time from 0 to just `highest`.
    static func time(_ highest: Double) -> Self {
        let axis = upTo(highest, atMost: 8)
        return Self(scale: .linear, lowest: 0, highest: highest, ticks: axis.ticks.filter { $0.value <= highest })
    }

    /// Around values, from one of 1, 2 and 5 with zeros to another, with ticks there, or at the decades alone if there
    /// are many of these.
    static func decades(from lowest: Double, to highest: Double) -> Self {
        let first = floor(log10(max(lowest, 1e-6)) + 1e-9)
        let last = max(first + 1, ceil(log10(max(highest, 1e-6)) - 1e-9))
        let values = (Int(first)...Int(last)).flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }
        let low = values.last { $0 <= lowest * (1 + 1e-9) } ?? pow(10, first)
        let high = values.first { $0 >= highest * (1 - 1e-9) && $0 > low } ?? pow(10, last)
        let shown = values.filter { low <= $0 && $0 <= high }
        let decades = shown.filter { abs(log10($0) - log10($0).rounded()) < 1e-9 }
        return Self(
            scale: .logarithmic, lowest: low, highest: high,
            ticks: (shown.count > 8 ? decades : shown).map { ($0, text($0, step: $0)) })
    }

    /// The round number, 1, 2 or 5 with zeros, that is not less than `step`.
    static func roundStep(_ step: Double) -> Double {
        let power = pow(10, floor(log10(step) + 1e-9))
        return ([1, 2, 5].first { $0 * power >= step * (1 - 1e-9) } ?? 10) * power
    }

    /// A number beside an axis, with as many decimals as its step needs; in thousands or millions if the highest is.
    static func text(_ value: Double, step: Double, highest: Double? = nil) -> String {
        let highest = highest ?? value
        if value == 0 { return "0" }
        if highest >= 1_000_000, step >= 100_000 {
            return Canvas.number(value / 1e6, decimals: step < 1e6 ? 1 : 0) + "M"
        }
        if highest >= 10_000, step >= 100 { return Canvas.number(value / 1000, decimals: step < 1000 ? 1 : 0) + "k" }
        return Canvas.number(value, decimals: step < 1 ? Int((-log10(step) - 1e-9).rounded(.up)) : 0)
    }
}
