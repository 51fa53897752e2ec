internal import Events
internal import FrontDoor
internal import Wire

/// A refusal as the only event of a stream: the one way for an EventSource to show it to its page.
struct RefusedMessage {
    let reason: String
    let detail: String
    /// Nil if the same request will never be accepted. EventSource reconnects all the same, so its retry time is long.
    let retryAfterSeconds: Int?
    /// True if the event has its type as its name (`named=1`).
    let isNamed: Bool

    private var frame: [UInt8] {
        let retry = Int64(retryAfterSeconds ?? Limits.finalRefusalRetrySeconds) * 1000
        let json = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", ControlType.refused.rawValue)
                writer.member("reason", reason)
                writer.member("detail", detail)
                writer.member("retryMs", retry)
                if retryAfterSeconds == nil { writer.member("final", true) }
            }
        }
        return ServerSentEvents.retry(milliseconds: retry)
            + (isNamed ? ServerSentEvents.event(ControlType.refused.rawValue) : []) + ServerSentEvents.data(json)
    }

    /// The whole stream.
    var response: HTTPResponse {
        var response = HTTPResponse(status: 200, contentType: "text/event-stream; charset=utf-8", body: frame)
        response.headers.append(("Cache-Control", "no-store"))
        response.closesConnection = true
        return response
    }
}
