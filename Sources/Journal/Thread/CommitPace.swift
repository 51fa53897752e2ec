internal import Events
internal import Glibc
internal import Wire

/// When the next commit may begin, so that drafts which come faster than one by one share it.
///
/// A commit costs as much for twenty drafts as for one, mostly the disk's. So the more drafts a batch held, the longer
/// the next one gathers, up to ``Limits/gatheringMicroseconds``: a few wait for little, many share the price. A sender
/// that posts one webhook after the other never waits, for its batches hold one.
struct CommitPace {
    private var next = ContinuousClock.now

    /// From the start of a commit of so many drafts to that of the next, in microseconds.
    static func gatheringMicroseconds(drafts: Int) -> Int {
        guard drafts > 1 else { return 0 }
        return min(drafts * Limits.gatheringDraftMicroseconds, Limits.gatheringMicroseconds)
    }

    /// A batch of so many drafts is about to be committed.
    mutating func begin(drafts: Int) {
        next = .now + .microseconds(Self.gatheringMicroseconds(drafts: drafts))
    }

    /// Sleeps until the next commit may begin.
    func wait() {
        let left = next - .now
        guard left > .zero else { return }
        usleep(UInt32(left / .microseconds(1)))
    }
}
