internal import CLibevent
internal import Glibc
public import Platform

/// libevent's event loop. It belongs to the thread that created it. Other threads reach it only through a ``Mailbox``.
public final class Loop {
    /// libevent's `event_base`, for code on the loop's thread that passes it to other parts of libevent.
    public let base: OpaquePointer
    private let thread = pthread_self()

    /// A loop for the thread that calls this.
    public init() throws(SystemError) {
        guard let config = event_config_new() else { throw SystemError("make an event loop") }
        defer { event_config_free(config) }
        // No other thread uses the base, so its lock would cost time for nothing.
        event_config_set_flag(config, CInt(EVENT_BASE_FLAG_NOLOCK.rawValue))
        guard let base = event_base_new_with_config(config) else { throw SystemError("make an event loop") }
        self.base = base
    }

    deinit {
        event_base_free(base)
    }

    /// Runs until ``stop()``.
    public func run() {
        preconditionIsCurrent()
        event_base_loop(base, CInt(EVLOOP_NO_EXIT_ON_EMPTY))
    }

    /// Ends ``run()`` when the callback that calls this returns.
    public func stop() {
        preconditionIsCurrent()
        event_base_loopbreak(base)
    }

    /// Ends the program if the calling thread is not the loop's own, because that is always a bug.
    public func preconditionIsCurrent() {
        precondition(isCurrent, "a loop was used on another thread than its own")
    }

    /// The same check for paths of every request and delivery: only in debug builds.
    public func assertIsCurrent() {
        assert(isCurrent, "a loop was used on another thread than its own")
    }

    private var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }
}
