package import Events
internal import Wire

/// What the journal's writer has done since it started, for metrics.
package struct JournalCounters: Sendable, Equatable {
    /// Transactions that succeeded.
    package var commits = 0
    /// Events they brought, synthetic ones included.
    package var events = 0
    /// Drafts that were there before.
    package var duplicates = 0
    /// Drafts whose condition did not hold.
    package var outdated = 0
    /// Transactions that failed.
    package var failures = 0
    /// Drafts that failed with them.
    package var failedDrafts = 0
    /// Times that looking after the log failed.
    package var upkeepFaults = 0
    /// Steps of the wall clock that were noticed.
    package var clockJumps = 0
    /// Drafts that wait, or are just being committed.
    package var waiting = 0
    /// How long the last transaction took, in seconds, whether it succeeded or not.
    package var lastCommitSeconds = 0.0
    /// How long each transaction took, in seconds, whether it succeeded or not.
    package var commitSeconds = Histogram(bounds: Histogram.latencyBoundsSeconds)
    /// What the log holds, as of about a second ago.
    package var size = JournalSize()

    /// Nothing done yet.
    package init() {}

    mutating func count(_ result: Result<Commit, any Error>, drafts: Int, seconds: Double) {
        lastCommitSeconds = seconds
        commitSeconds.record(seconds)
        switch result {
        case .success(let commit):
            commits += 1
            events += commit.events.count
            duplicates += commit.count(.duplicate)
            outdated += commit.count(.outdated)
        case .failure:
            failures += 1
            failedDrafts += drafts
        }
    }
}
