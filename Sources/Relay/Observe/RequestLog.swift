internal import Events
internal import FrontDoor
internal import Logging
internal import Platform
internal import Wire

/// One line in the log for each request, and two for each stream: when it opens and when it ends. Accepted webhooks are
/// summed up; see ``AcceptedWebhooks``.
///
/// It does not go through ``Logger``: at ten thousand webhooks a second the making of messages and metadata would
/// cost more than the webhooks.
struct RequestLog: Sendable {
    let output: LogOutput

    /// A request was answered.
    func answered(_ exchange: Exchange, _ answer: Exchange.Answer) {
        let request = exchange.request
        let isRoutine = exchange.isRoutine || Self.isProbe(request)
        let level: Logger.Level = isRoutine && answer.status < 400 ? .debug : .info
        guard let isJSON = output.isJSON(for: level) else { return }
        let lapse = exchange.stopwatch.microseconds
        let target = Self.target(request)
        guard isJSON else {
            let user = Self.user(exchange)
            return write(
                level,
                "\(request.method) \(LogOutput.harmless(target)) \(answer.status) \(answer.bytes) bytes "
                    + "\(Self.milliseconds(lapse)) ms from \(request.remoteAddress)\(user)")
        }
        writeJSON(level, "request") { writer in
            Self.write(exchange, target, to: &writer)
            writer.member("status", Int64(answer.status))
            writer.member("durationMs", Double(lapse) / 1000)
            writer.member("bytes", Int64(answer.bytes))
        }
    }

    /// Webhooks of one source were accepted, each with a line of its own at the level `debug` only.
    func accepted(source: String, _ sum: AcceptedWebhooks.Sum, now: SteadyTime) {
        guard let isJSON = output.isJSON(for: .info) else { return }
        let lapse = now - sum.since
        guard isJSON else {
            return write(
                .info,
                "accepted \(sum.webhooks) webhooks of \(source) in \(lapse) ms: \(sum.duplicates) duplicates, "
                    + "\(sum.bytes) bytes, the slowest answered in \(Self.milliseconds(sum.slowestMicroseconds)) ms")
        }
        writeJSON(.info, "webhooks accepted") { writer in
            writer.member("source", source)
            writer.member("webhooks", Int64(sum.webhooks))
            writer.member("duplicates", Int64(sum.duplicates))
            writer.member("bytes", Int64(sum.bytes))
            writer.member("slowestMs", Double(sum.slowestMicroseconds) / 1000)
            writer.member("periodMs", lapse)
        }
    }

    /// A request became a stream; one without a number if it is for diagnosis.
    func opened(_ exchange: Exchange, stream: UInt64?) {
        guard let isJSON = output.isJSON(for: .info) else { return }
        let request = exchange.request
        let target = Self.target(request)
        guard isJSON else {
            let user = Self.user(exchange)
            let what = stream.map { "stream \($0)" } ?? "a diagnostic stream"
            return write(
                .info,
                "\(request.method) \(LogOutput.harmless(target)) opened \(what) from \(request.remoteAddress)\(user)")
        }
        writeJSON(.info, stream == nil ? "diagnostic stream opened" : "stream opened") { writer in
            Self.write(exchange, target, to: &writer)
            writer.member("stream", stream.map { Int64(clamping: $0) })
        }
    }

    /// How a stream ended.
    struct End {
        let stream: UInt64
        let principal: Principal
        let address: String
        let reason: String
        let milliseconds: Int64
        let events: Int
        let bytes: Int
    }

    /// A stream has ended.
    func ended(_ end: End) {
        guard let isJSON = output.isJSON(for: .info) else { return }
        guard isJSON else {
            return write(
                .info,
                "stream \(end.stream) ended: \(end.reason), after \(end.milliseconds) ms, \(end.events) events, "
                    + "\(end.bytes) bytes, to \(end.address) user=\(OutputText.quoted(end.principal.user)) "
                    + "issuer=\(OutputText.quoted(end.principal.issuer))")
        }
        writeJSON(.info, "stream ended") { writer in
            writer.member("stream", Int64(clamping: end.stream))
            writer.member("user", end.principal.user)
            writer.member("issuer", end.principal.issuer)
            writer.member("remoteAddress", end.address)
            writer.member("reason", end.reason)
            writer.member("durationMs", end.milliseconds)
            writer.member("events", Int64(end.events))
            writer.member("bytes", Int64(end.bytes))
        }
    }

    private static func write(_ exchange: Exchange, _ target: String, to writer: inout JSONWriter) {
        writer.member("method", exchange.request.method)
        writer.member("path", target)
        writer.member("remoteAddress", exchange.request.remoteAddress)
        writer.member("user", exchange.user)
        writer.member("issuer", exchange.issuer)
    }

    private static func user(_ exchange: Exchange) -> String {
        guard let user = exchange.user else { return "" }
        let issuer = exchange.issuer.map { " issuer=\(OutputText.quoted($0))" } ?? ""
        return " user=\(OutputText.quoted(user))\(issuer)"
    }

    private func write(_ level: Logger.Level, _ text: String) {
        output.write("\(ISOTime.text(WallClock.now())) \(level) \(text)\n".utf8)
    }

    private func writeJSON(_ level: Logger.Level, _ message: String, _ members: (inout JSONWriter) -> Void) {
        output.write(
            LogOutput.jsonLine { writer in
                writer.member("time", time: WallClock.now())
                writer.member("level", level.rawValue)
                writer.member("message", message)
                members(&writer)
            })
    }

    private static func milliseconds(_ micro: Int64) -> String {
        let part = String(micro % 1000)
        return "\(micro / 1000)." + String(repeating: "0", count: 3 - part.count) + part
    }

    /// What looks after the relay asks every few seconds.
    private static func isProbe(_ request: HTTPRequest) -> Bool {
        request.path.count == 1 && ["healthz" as WireText, "readyz", "metrics"].contains(request.path[0])
    }

    /// Parameters whose values are no secrets. What is not here is left out whole, its name too: it may be a token
    /// under a misspelt name.
    private static let shown: Set<WireText> = [
        "room", "type", "source", "participant", "format", "wait", "limit", "since", "tail", "snapshot", "named",
        "lastEventId", "heartbeat", "refuse",
    ]

    /// The path and of the query what may be seen.
    static func target(_ request: HTTPRequest, withQuery: Bool = true) -> String {
        let path = "/" + OutputText.cut(WireText(request.path.map(OutputText.shown).joined(separator: "/")))
        let query = withQuery ? request.query.filter { shown.contains($0.name) } : []
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\($0.name)=\(OutputText.shown($0.value))" }.joined(separator: "&")
    }
}

/// Strangers' texts in lines of the log.
enum OutputText {
    /// The beginning of a text that is too long.
    static func cut(_ text: WireText) -> String {
        guard text.byteCount > Limits.loggedTextBytes else { return text.string }
        return String(decoding: text.utf8.prefix(Limits.loggedTextBytes), as: UTF8.self) + "…"
    }

    /// What a client sent as a name, unless it may be a token or a ticket in the wrong place: what is longer must be
    /// made of short words in lower case, as rooms named by people, or by UUIDs, are.
    static func shown(_ text: WireText) -> String {
        guard text.byteCount > Limits.loggedNameBytes else { return text.string }
        var run = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): run += 1
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "*"): run = 0
            default: return "…"
            }
            if run > Limits.loggedWordBytes { return "…" }
        }
        return cut(text)
    }

    /// What a client sent as an origin, up to what may be a token in the wrong place: browsers write origins in lower
    /// case (RFC 6454, section 6.1), and a label of a host is a word or a hash.
    static func origin(_ text: WireText) -> String {
        var start = 0
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                if index - start >= Limits.loggedLabelBytes { return text.prefix(start).string + "…" }
            case _ where "-_.:/[]".utf8.contains(byte): start = index + 1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): return text.prefix(start).string + "…"
            default: return text.prefix(index).string + "…"
            }
        }
        return cut(text)
    }

    /// A text as one word, with quotes if it needs them.
    static func quoted(_ text: WireText) -> String {
        LogOutput.harmless(JSONWriter.text { $0.string(cut(text)) })
    }
}
