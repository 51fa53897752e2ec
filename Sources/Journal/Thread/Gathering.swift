internal import Events
internal import Glibc

/// Lets drafts gather between commits when they come faster than one by one.
///
/// A commit costs as much for ten drafts as for one. Without this, at ten thousand webhooks a second on one core,
/// most of the core went into commits of one or two, and answers waited for it. A sender that posts one webhook after
/// the other never waits: its batches hold one.
struct Gathering {
    private var next = ContinuousClock.now

    /// A batch of so many drafts is about to be committed.
    mutating func begin(drafts: Int) {
        let interval = drafts > 1 ? Duration.microseconds(Limits.gatheringMicroseconds) : .zero
        next = .now + interval
    }

    /// Sleeps until the next commit may begin.
    func wait() {
        let left = next - .now
        guard left > .zero else { return }
        usleep(UInt32(left / .microseconds(1)))
    }
}
