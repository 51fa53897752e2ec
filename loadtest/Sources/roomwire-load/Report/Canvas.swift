/// Writes SVG. The same calls give the same bytes.
struct Canvas {
    static let ink = "#1f2933"
    static let soft = "#52606d"
    static let faint = "#7b8794"
    static let axis = "#9aa5b1"
    static let grid = "#e4e7eb"

    private let width: Int
    private let height: Int
    private var body = ""

    /// An empty white picture of so many pixels.
    init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The whole file.
    var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" \
        font-family="system-ui, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif">
        <rect width="\(width)" height="\(height)" fill="#ffffff"/>
        \(body)</svg>

        """
    }

    /// A line of text.
    mutating func text(
        _ text: String, _ x: Double, _ y: Double, size: Int = 12, color: String = Canvas.ink, anchor: String = "start",
        isBold: Bool = false
    ) {
        let weight = isBold ? #" font-weight="600""# : ""
        body += #"<text x="\#(Self.place(x))" y="\#(Self.place(y))" font-size="\#(size)" fill="\#(color)""#
        body += #" text-anchor="\#(anchor)"\#(weight)>\#(Self.escaped(text))</text>"# + "\n"
    }

    /// A straight line.
    mutating func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String, width: Double = 1
    ) {
        body += #"<line x1="\#(Self.place(x1))" y1="\#(Self.place(y1))" x2="\#(Self.place(x2))""#
        body += #" y2="\#(Self.place(y2))" stroke="\#(color)" stroke-width="\#(Self.place(width))"/>"# + "\n"
    }

    /// An empty frame.
    mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double) {
        body += #"<rect x="\#(Self.place(x))" y="\#(Self.place(y))" width="\#(Self.place(width))""#
        body += #" height="\#(Self.place(height))" fill="none" stroke="\#(Self.grid)"/>"# + "\n"
    }

    /// A curve through places, with the ground below it tinted if that is given.
    mutating func curve(_ places: [(x: Double, y: Double)], color: String, ground: Double?) {
        guard let first = places.first, let last = places.last else { return }
        let path = places.map { "\(Self.place($0.x)) \(Self.place($0.y))" }.joined(separator: "L")
        if let ground {
            let end = "L\(Self.place(last.x)) \(Self.place(ground))L\(Self.place(first.x)) \(Self.place(ground))Z"
            body += #"<path d="M\#(path)\#(end)" fill="\#(color)" fill-opacity="0.12"/>"# + "\n"
        }
        body += #"<path d="M\#(path)" fill="none" stroke="\#(color)" stroke-width="2" stroke-linejoin="round"/>"# + "\n"
    }

    private static func place(_ value: Double) -> String { number(value, decimals: 1) }

    /// A number with so many decimals, and none if they are zero.
    static func number(_ value: Double, decimals: Int) -> String {
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard scaled % scale != 0 else { return sign + String(scaled / scale) }
        let rest = String(scaled % scale)
        var digits = String(repeating: "0", count: decimals - rest.count) + rest
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(sign)\(scaled / scale).\(digits)"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
