internal import Events
internal import Glibc
package import Logging
internal import Platform
package import Wire

/// The output of the relay's log: standard error, in lines for people or with a JSON object on each. Level and form may
/// change while the relay runs.
package final class LogOutput: Sendable {
    private struct State: Sendable {
        var level: Logger.Level
        var isJSON: Bool
    }

    private let state: Locked<State>
    /// Writes the lines.
    package let writer: LogWriter

    /// Writes to standard error.
    /// - Parameter isJSON: nil for JSON unless standard error is a terminal.
    package init(level: Logger.Level, isJSON: Bool?) {
        state = Locked(State(level: level, isJSON: isJSON ?? !Self.isTerminal))
        let form = state
        writer = LogWriter(descriptor: STDERR_FILENO) { dropped in
            let message = "\(dropped) lines of the log could not be written in time and are missing here"
            return Self.line(.warning, message, [:], isJSON: form.withLock { $0.isJSON })
        }
    }

    /// Changes level and form.
    package func apply(level: Logger.Level, isJSON: Bool?) {
        state.withLock { $0 = State(level: level, isJSON: isJSON ?? !Self.isTerminal) }
    }

    private static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Lines below this level are not written.
    package var level: Logger.Level { state.withLock { $0.level } }

    /// True when the lines are JSON; nil when nothing of this level is written.
    package func isJSON(for level: Logger.Level) -> Bool? {
        state.withLock { level >= $0.level ? $0.isJSON : nil }
    }

    /// Writes a line that was not made by a ``Logger``.
    package func write(_ line: some Collection<UInt8>) { writer.append(line) }

    /// Writes a line without waiting for others.
    package func log(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        guard let isJSON = isJSON(for: level) else { return }
        writer.append(Self.line(level, message, metadata, isJSON: isJSON), isUrgent: true)
    }

    private static func line(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, isJSON: Bool
    ) -> [UInt8] {
        let now = WallClock.now()
        let fields = metadata.sorted { $0.key < $1.key }
        guard isJSON else {
            let rest = fields.map { " \($0.key)=\(harmless($0.value.description))" }.joined()
            return Array("\(ISOTime.text(now)) \(level) \(harmless(message))\(rest)\n".utf8)
        }
        return jsonLine { writer in
            writer.member("time", time: now)
            writer.member("level", level.rawValue)
            writer.member("message", message)
            for (name, value) in fields { writer.member(name, value.description) }
        }
    }

    /// An object with these members as a line. JSON allows DEL, the C1 control characters, direction marks and line
    /// separators unescaped. Text from outside could use them to control an operator's terminal, to reverse text, or to
    /// break a line in two for a reader that splits at Unicode's line ends. So they are escaped.
    package static func jsonLine(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        let line = JSONWriter.bytes { $0.object(members) } + [0x0A]
        guard line.contains(where: { $0 >= 0x7F }) else { return line }
        // Such characters occur only inside JSON strings.
        var escaped: [UInt8] = []
        escaped.reserveCapacity(line.count + 32)
        for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
            guard scalar.value >= 0x7F, SafeText.isHarmful(scalar) else {
                escaped += Array(scalar.utf8)
                continue
            }
            for unit in scalar.utf16 {
                escaped += Array("\\u".utf8) + Hex.text([UInt8(unit >> 8), UInt8(unit & 0xFF)]).utf8
            }
        }
        return escaped
    }

    /// Text from outside without characters that could forge a line, control a terminal or reverse text.
    package static func harmless(_ text: String) -> String { SafeText.text(text, substitute: " ") }
}

/// The swift-log handler that writes to a ``LogOutput``.
package struct OperatorLog: LogHandler {
    private let output: LogOutput
    /// Fields of every line.
    package var metadata: Logger.Metadata = [:]
    /// The output's level, so that a change applies to existing loggers, too.
    package var logLevel: Logger.Level {
        get { output.level }
        set {}
    }

    /// A logger for an output.
    package static func logger(_ output: LogOutput) -> Logger {
        Logger(label: "roomwire") { _ in OperatorLog(output: output) }
    }

    private init(output: LogOutput) {
        self.output = output
    }

    /// One value of ``metadata``.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a line.
    package func log(event: LogEvent) {
        output.log(event.level, event.message.description, metadata.merging(event.metadata ?? [:]) { $1 })
    }
}
