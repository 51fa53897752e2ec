internal import API
internal import Events
internal import Journal
internal import Logging
internal import Telemetry
internal import Wire

/// Logs and counts rooms that the relay closed itself, and events whose rooms are beyond `rooms.total`.
final class RoomNotice: Sendable {
    private let staleLog: RateLimitedLog
    private let untrackedLog: RateLimitedLog
    private let metrics: Metrics

    init(_ log: Logger, _ metrics: Metrics) {
        staleLog = RateLimitedLog(log, linesPerSecond: 1)
        untrackedLog = RateLimitedLog(log, linesPerSecond: 1)
        self.metrics = metrics
    }

    /// Logs and counts what one commit contains of these.
    func note(_ commit: Commit) {
        var untracked = 0
        var ended: [WireText: Int] = [:]
        for event in commit.events.lazy.map(\.event) {
            if event.isUntracked { untracked += 1 }
            guard event.isSynthetic, event.type == .roomFinished else { continue }
            ended[event.data.room?.endReason ?? RoomEnd.superseded, default: 0] += 1
        }
        guard untracked > 0 || !ended.isEmpty else { return }
        let now = commit.extent.head.time
        for (reason, count) in ended { metrics.count(RoomEndLabel(reason), rooms: count) }
        if let stale = ended[RoomEnd.stale] {
            let rooms = stale == 1 ? "a room was" : "\(stale) rooms were"
            staleLog.log(.info, "\(rooms) finished: nothing was heard for the time of rooms.stale_after", now: now)
        }
        guard untracked > 0 else { return }
        metrics.count(untracked: untracked)
        untrackedLog.warning(
            "as many rooms are open as rooms.total allows: \(untracked) events that would have opened others were "
                + "relayed, and their rooms are in no list", now: now)
    }
}
