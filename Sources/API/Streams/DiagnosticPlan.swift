internal import Events
internal import FrontDoor
internal import Platform
internal import Wire

/// What `GET /api/diag/stream` sends: numbered frames at a steady pace, a large one, a pause, and a last one. From when
/// they arrive, the client sees what a proxy on the way does to streams.
struct DiagnosticPlan: Equatable {
    var frames = 15
    var intervalMilliseconds = 200
    /// The length of the large frame: longer than the buffers of most proxies.
    var largeBytes = 64 * 1024
    /// The pause before the end: by default as long as a stream without events sends nothing.
    var quietMilliseconds: Int

    /// Reads a query.
    /// - Parameter heartbeatMilliseconds: the time between two heartbeats of a stream without events.
    init(_ query: [(name: WireText, value: WireText)], heartbeatMilliseconds: Int) throws(QueryError) {
        quietMilliseconds = heartbeatMilliseconds
        for (name, value) in query {
            switch name {
            case "frames": frames = try Self.number(name, Int(value.string), 1...Limits.diagnosticFrames)
            case "bytes": largeBytes = try Self.number(name, Int(value.string), 1...Limits.diagnosticFrameBytes)
            case "interval":
                intervalMilliseconds = try Self.number(
                    name, Quantity.milliseconds(value), 10...Limits.diagnosticQuietMilliseconds)
            case "quiet":
                quietMilliseconds = try Self.number(
                    name, Quantity.milliseconds(value), 0...Limits.diagnosticQuietMilliseconds)
            case "access_token", "ticket": break
            default:
                throw QueryError(
                    sentence: "There is no parameter \(name.prefix(40)), but frames, interval, bytes and quiet."
                )
            }
        }
    }

    private static func number(
        _ name: WireText, _ value: Int?, _ range: ClosedRange<Int>
    ) throws(QueryError) -> Int {
        guard let value, range.contains(value) else {
            let unit =
                ["interval" as WireText, "quiet"].contains(name) ? ", in milliseconds and with a unit, as in 200ms" : ""
            throw QueryError(
                sentence: "\(name)= goes from \(range.lowerBound) to \(range.upperBound)\(unit).")
        }
        return value
    }

    /// The first frame: the plan, and the request's headers as they arrived through the proxies.
    func opening(_ request: HTTPRequest, now: WallTime) -> [UInt8] {
        Self.frame { writer in
            writer.member("type", "diag_started")
            writer.member("sentAtMs", now.milliseconds)
            writer.member("version", Version.text)
            writer.member("frames", Int64(frames))
            writer.member("intervalMs", Int64(intervalMilliseconds))
            writer.member("largeBytes", Int64(largeBytes))
            writer.member("quietMs", Int64(quietMilliseconds))
            writer.member("request") { writer in
                writer.member("httpVersion", request.isHTTP10 ? "1.0" : "1.1")
                for name in Self.shownHeaders { writer.member(name, request.header(WireText(name))) }
            }
        }
    }

    /// Headers that proxies add or change, and that contain no secret.
    private static let shownHeaders = [
        "host", "connection", "accept-encoding", "via", "forwarded", "x-forwarded-for", "x-forwarded-proto",
        "x-forwarded-host", "x-real-ip", "x-amzn-trace-id", "cf-ray", "x-envoy-external-address",
    ]

    /// A numbered frame. The one after the steady ones is the large one.
    func frame(_ sequence: Int, now: WallTime) -> [UInt8] {
        Self.frame { writer in
            writer.member("type", "diag_frame")
            writer.member("sequence", Int64(sequence))
            writer.member("sentAtMs", now.milliseconds)
            let padding = sequence > frames ? largeBytes : 32
            writer.member("padding", String(repeating: "x", count: padding))
        }
    }

    /// The last frame.
    func ending(now: WallTime) -> [UInt8] {
        Self.frame { writer in
            writer.member("type", "diag_ended")
            writer.member("sentAtMs", now.milliseconds)
        }
    }

    private static func frame(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        ServerSentEvents.data(JSONWriter.bytes { $0.object(members) })
    }
}
