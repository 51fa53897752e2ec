internal import Events
internal import Wire

/// A diagnostic stream as it was received, for ``Diagnosis``. Times are in milliseconds.
struct DiagnosticRun {
    /// A numbered frame: when it was sent, by the relay's clock, and when it arrived, by this machine's.
    struct Arrival: Equatable {
        let sequence: Int
        let sentAt: Int64
        let receivedAt: Int64
    }

    /// The answer's header values by their names in lower case.
    var headers: [String: String] = [:]
    /// The relay's first message: the plan, and the request as the relay received it. Nil if none arrived.
    var opening: JSONObject?
    var openingAt: Int64?
    var arrivals: [Arrival] = []
    /// True if the last frame arrived, after the silence.
    var hasEnd = false
    /// When the connection ended.
    var endedAt: Int64 = 0

    /// How many steady frames the relay sends; a large one follows.
    var plannedFrames: Int { number("frames") ?? 15 }
    var intervalMilliseconds: Int64 { Int64(number("intervalMs") ?? 200) }
    var quietMilliseconds: Int64 { Int64(number("quietMs") ?? 15_000) }

    private func number(_ name: WireText) -> Int? {
        opening.flatMap { Self.number($0, name, upTo: 10_000_000) }.map { Int($0) }
    }

    /// A number within its bound: a proxy may have forged the frames.
    private static func number(_ object: JSONObject, _ name: WireText, upTo most: Int64) -> Int64? {
        object[name]?.integer.flatMap { (0...most).contains($0) ? $0 : nil }
    }

    /// The largest time: far beyond any clock, and far below an overflow of sums.
    private static let mostMilliseconds: Int64 = 1 << 53

    /// A header of our request as the relay received it.
    func requestHeader(_ name: String) -> String? { opening?["request"]?.object?[WireText(name)]?.string?.string }

    /// Takes the data of a frame.
    mutating func take(_ data: String, at now: Int64) {
        guard let object = (try? JSONReader.value(data))?.object,
            let sentAt = Self.number(object, "sentAtMs", upTo: Self.mostMilliseconds)
        else { return }
        switch object["type"]?.string {
        case "diag_started":
            opening = object
            openingAt = now
        case "diag_frame":
            let sequence = Self.number(object, "sequence", upTo: Self.mostMilliseconds) ?? 0
            arrivals.append(Arrival(sequence: Int(sequence), sentAt: sentAt, receivedAt: now))
        case "diag_ended": hasEnd = true
        default: break
        }
    }
}
