internal import Events
internal import FrontDoor
internal import Wire

/// An answer that says what went wrong: `application/problem+json` (RFC 9457).
struct Problem {
    let status: Int
    /// The reason as one word, the same as in logs and metrics.
    let reason: String
    /// One sentence for people. It never contains a secret, a token or an expected value.
    let detail: String
    var headers: [(name: String, value: String)] = []
    var retryAfterSeconds: Int?
    var closesConnection = false
    /// How far the sender's clock is ahead of the relay's, in seconds.
    var skewSeconds: Double?

    init(_ status: Int, _ reason: String, _ detail: String) {
        self.status = status
        self.reason = reason
        self.detail = detail
    }

    /// The answer with this problem as its body.
    var response: HTTPResponse {
        let body = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", "about:blank")
                writer.member("title", HTTPResponse.reason(status))
                writer.member("status", Int64(status))
                writer.member("reason", reason)
                writer.member("detail", detail)
                writer.member("skewSeconds", skewSeconds)
            }
        }
        var response = HTTPResponse(status: status, contentType: "application/problem+json", body: body + [0x0A])
        response.headers.append(("Cache-Control", "no-store"))
        response.headers += headers
        response.closesConnection = closesConnection
        if let retryAfterSeconds { response.headers.append(("Retry-After", String(retryAfterSeconds))) }
        return response
    }

    /// 404.
    static func notFound(_ detail: String) -> Problem { Problem(404, "not_found", detail) }

    /// 405.
    static func method(_ method: String, allowed: String) -> Problem {
        var problem = Problem(405, "method_not_allowed", "This path takes \(allowed), not \(method).")
        problem.headers = [("Allow", allowed)]
        return problem
    }

    /// The answer if a loop or a thread has not replied in time.
    static var loopIsBusy: Problem {
        unavailable("busy", "The loop that has the answer did not give it in time.")
    }

    /// The answer if too many events wait for the journal's writer.
    static var overloaded: Problem { unavailable("overloaded", "Too many events wait for the journal.") }

    /// The answer if the journal's commit has failed.
    static var journalUnavailable: Problem {
        unavailable("journal_unavailable", "The journal cannot take events now.")
    }

    /// 503: the client should try again.
    static func unavailable(_ reason: String, _ detail: String) -> Problem {
        var problem = Problem(503, reason, detail)
        problem.retryAfterSeconds = 1
        return problem
    }
}

extension HTTPResponse {
    /// JSON that caches must not store.
    static func json(_ status: Int = 200, _ write: (inout JSONWriter) -> Void) -> HTTPResponse {
        json(status, encoded: JSONWriter.bytes(write))
    }

    /// The same, of JSON that is encoded already.
    static func json(_ status: Int, encoded json: [UInt8]) -> HTTPResponse {
        var response = HTTPResponse(status: status, contentType: "application/json", body: json + [0x0A])
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }
}

/// What a client sent, for a sentence in its answer.
enum Quotable {
    /// The text in brackets if it is a short name, else nothing. A client may have put a token, a ticket or a secret in
    /// the wrong place, which must not be shown; all of those are longer.
    static func text(_ text: WireText) -> String {
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_-.*".utf8.contains(byte)
            }
        }
        return isName && (1...20).contains(text.byteCount) ? " (\(text))" : ""
    }
}
