internal import Events
package import Logging
internal import Platform
package import Wire

/// A log for events that can repeat quickly, such as refused requests or a full disk: a few lines a second, and a count
/// of those left out.
package final class RateLimitedLog: Sendable {
    private struct State {
        var second: Int64 = 0
        var written = 0
        var leftOut = 0
    }

    private let logger: Logger
    private let linesPerSecond: Int
    private let state = Locked(State())

    /// Limits what is written to `logger`.
    package init(_ logger: Logger, linesPerSecond: Int = Limits.strangerLogLines) {
        self.logger = logger
        self.linesPerSecond = linesPerSecond
    }

    /// Writes a line unless enough were written this second.
    package func warning(_ message: @autoclosure () -> String, now: WallTime) {
        log(.warning, message(), now: now)
    }

    /// Writes a line of some level unless enough were written this second.
    package func log(_ level: Logger.Level, _ message: @autoclosure () -> String, now: WallTime) {
        let leftOut: Int? = state.withLock { state in
            let second = now.milliseconds / 1000
            if second != state.second {
                state.second = second
                state.written = 0
            }
            guard state.written < linesPerSecond else {
                state.leftOut += 1
                return nil
            }
            state.written += 1
            defer { state.leftOut = 0 }
            return state.leftOut
        }
        guard let leftOut else { return }
        let note = leftOut > 0 ? " (\(leftOut) like it were not logged)" : ""
        logger.log(level: level, "\(message())\(note)")
    }
}
