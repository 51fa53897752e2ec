public import Events

/// What the journal's writer has done since it started, for metrics.
public struct JournalCounters: Sendable, Equatable {
    /// Transactions that succeeded.
    public var commits = 0
    /// Events they brought, synthetic ones included.
    public var events = 0
    /// Drafts that were there before.
    public var duplicates = 0
    /// Transactions that failed.
    public var failures = 0
    /// Drafts that failed with them.
    public var failedDrafts = 0
    /// Times that looking after the log failed.
    public var upkeepFaults = 0
    /// Steps of the wall clock that were noticed.
    public var clockJumps = 0
    /// Drafts that wait, or are just being committed.
    public var waiting = 0
    /// How long the last transaction took, in seconds, whether it succeeded or not.
    public var lastCommitSeconds = 0.0
    /// How long each transaction took, in seconds, whether it succeeded or not.
    public var commitSeconds = Histogram(bounds: Histogram.latencyBoundsSeconds)
    /// What the log holds, as of about a second ago.
    public var size = JournalSize()

    /// Nothing done yet.
    public init() {}

    mutating func count(_ result: Result<Commit, any Error>, drafts: Int, seconds: Double) {
        lastCommitSeconds = seconds
        commitSeconds.record(seconds)
        switch result {
        case .success(let commit):
            commits += 1
            events += commit.events.count
            duplicates += commit.duplicates
        case .failure:
            failures += 1
            failedDrafts += drafts
        }
    }
}
