internal import EventLoop
internal import Events
internal import Foundation
internal import Logging

/// The relay's log on standard error: lines for people, or a JSON object on each.
struct OperatorLog: LogHandler {
    private let format: LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    static func logger(_ settings: Settings) -> Logger {
        Logger(label: "roomwire") { _ in OperatorLog(format: settings.logFormat, logLevel: settings.logLevel) }
    }

    private init(format: LogFormat, logLevel: Logger.Level) {
        self.format = format
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let time = ISOTime.text(System.wallMilliseconds())
        // A stranger's bytes must not forge a line.
        let message = event.message.description.map {
            $0.isNewline || $0.asciiValue.map { $0 < 0x20 } == true ? " " : $0
        }
        let line: String
        switch format {
        case .text: line = "\(time) \(event.level) \(String(message))\n"
        case .json:
            line =
                JSONWriter.text { writer in
                    writer.object { writer in
                        writer.member("time", time)
                        writer.member("level", event.level.rawValue)
                        writer.member("message", String(message))
                    }
                } + "\n"
        }
        FileHandle.standardError.write(Data(line.utf8))
    }
}
