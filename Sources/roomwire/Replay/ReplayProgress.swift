internal import Glibc
internal import Platform
internal import Wire

/// The progress of a replay: one line on a terminal that is written over, nothing elsewhere.
struct ReplayProgress {
    private let isShown = isatty(STDERR_FILENO) == 1
    private var shownAt = SteadyTime.distantPast
    private var hasLine = false

    private static let intervalMilliseconds: Int64 = 200

    /// Shows how far it is, at most a few times a second.
    mutating func show(_ tally: ReplayTally, _ reader: LineReader) {
        let now = SteadyTime.now()
        guard isShown, shownAt == .distantPast || now - shownAt >= Self.intervalMilliseconds else { return }
        shownAt = now
        hasLine = true
        let share = reader.totalBytes.map { $0 > 0 ? ", \(min(100, reader.bytesRead * 100 / $0)) %" : "" } ?? ""
        Terminal.part("\r\u{1B}[Kline \(reader.number)\(share): sent \(tally.sent)")
    }

    /// Removes the line before another one is written.
    mutating func clear() {
        if hasLine { Terminal.part("\r\u{1B}[K") }
        hasLine = false
    }
}
