package import Events
internal import Logging
internal import Platform
package import Wire

/// One line in the log for each request, and two for each stream: when it opens and when it ends. Accepted webhooks are
/// summed up; see ``AcceptedWebhooks``.
///
/// It does not use ``Logger``: at ten thousand webhooks a second, building messages and metadata would cost more than
/// the webhooks.
package struct RequestLog: Sendable {
    let output: LogOutput

    /// A request log that writes to `output`.
    package init(output: LogOutput) {
        self.output = output
    }

    /// A request was answered.
    package func answered(_ request: LoggedRequest, _ answer: LoggedAnswer) {
        let isRoutine = answer.isRoutine || Self.isProbe(request)
        let level: Logger.Level = isRoutine && answer.status < 400 ? .debug : .info
        guard let isJSON = output.isJSON(for: level) else { return }
        let lapse = answer.microseconds
        let target = request.target()
        guard isJSON else {
            let user = Self.user(request)
            return write(
                level,
                "\(request.method) \(LogOutput.harmless(target)) \(answer.status) \(answer.bytes) bytes "
                    + "\(Self.milliseconds(lapse)) ms from \(request.remoteAddress)\(user)")
        }
        writeJSON(level, "request") { writer in
            Self.write(request, target, to: &writer)
            writer.member("status", Int64(answer.status))
            writer.member("durationMs", Double(lapse) / 1000)
            writer.member("bytes", Int64(answer.bytes))
        }
    }

    /// Webhooks of one source were accepted. Only at the level `debug` each of them has a line.
    package func accepted(source: String, _ sum: AcceptedWebhooks.Sum, now: SteadyTime) {
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

    /// A request became a stream.
    /// - Parameter stream: its id; nil for a diagnostic stream.
    package func opened(_ request: LoggedRequest, stream: UInt64?) {
        guard let isJSON = output.isJSON(for: .info) else { return }
        let target = request.target()
        guard isJSON else {
            let user = Self.user(request)
            let what = stream.map { "stream \($0)" } ?? "a diagnostic stream"
            return write(
                .info,
                "\(request.method) \(LogOutput.harmless(target)) opened \(what) from \(request.remoteAddress)\(user)")
        }
        writeJSON(.info, stream == nil ? "diagnostic stream opened" : "stream opened") { writer in
            Self.write(request, target, to: &writer)
            writer.member("stream", stream.map { Int64(clamping: $0) })
        }
    }

    /// How a stream ended.
    package struct End {
        let stream: UInt64
        let principal: Principal
        let address: String
        let reason: String
        let milliseconds: Int64
        let events: Int
        let bytes: Int

        /// The end of a stream after `milliseconds`, in which `events` of `bytes` were sent to it.
        package init(
            stream: UInt64, principal: Principal, address: String, reason: String, milliseconds: Int64, events: Int,
            bytes: Int
        ) {
            self.stream = stream
            self.principal = principal
            self.address = address
            self.reason = reason
            self.milliseconds = milliseconds
            self.events = events
            self.bytes = bytes
        }
    }

    /// A stream has ended.
    package func ended(_ end: End) {
        guard let isJSON = output.isJSON(for: .info) else { return }
        guard isJSON else {
            return write(
                .info,
                "stream \(end.stream) ended: \(end.reason), after \(end.milliseconds) ms, \(end.events) events, "
                    + "\(end.bytes) bytes, to \(end.address) user=\(LogText.quoted(end.principal.user)) "
                    + "issuer=\(LogText.quoted(end.principal.issuer))")
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

    private static func write(_ request: LoggedRequest, _ target: String, to writer: inout JSONWriter) {
        writer.member("method", request.method)
        writer.member("path", target)
        writer.member("remoteAddress", request.remoteAddress)
        writer.member("user", request.user)
        writer.member("issuer", request.issuer)
    }

    private static func user(_ request: LoggedRequest) -> String {
        guard let user = request.user else { return "" }
        let issuer = request.issuer.map { " issuer=\(LogText.quoted($0))" } ?? ""
        return " user=\(LogText.quoted(user))\(issuer)"
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

    /// True for the requests of health checks and of Prometheus, which repeat every few seconds.
    private static func isProbe(_ request: LoggedRequest) -> Bool {
        request.path.count == 1 && ["healthz" as WireText, "readyz", "metrics"].contains(request.path[0])
    }
}
