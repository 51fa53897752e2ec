internal import CLibevent
internal import Glibc

/// Calls an action on its loop after a time, until it is freed. Each ``set(afterMilliseconds:)`` leads to one call.
public final class LoopTimer {
    // A strong reference, so that the event never outlives its base.
    private let loop: Loop
    private var event: UnsafeMutablePointer<event>?
    private let action: () -> Void

    /// A timer that is not set yet.
    public init(on loop: Loop, _ action: @escaping () -> Void) {
        loop.preconditionIsCurrent()
        self.loop = loop
        self.action = action
        event = event_new(loop.base, -1, 0, timerIsDue, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        if let event { event_free(event) }
    }

    /// Schedules one call after this time. A call that was scheduled before is replaced.
    public func set(afterMilliseconds milliseconds: Int64) {
        loop.assertIsCurrent()
        var lapse = timeval(tv_sec: Int(milliseconds / 1000), tv_usec: Int(milliseconds % 1000) * 1000)
        event_add(event, &lapse)
    }

    /// Schedules one call for when the running callback has returned, before the loop polls its sockets again.
    public func fireThisTurn() {
        loop.assertIsCurrent()
        event_active(event, EV_TIMEOUT, 0)
    }

    /// Cancels the scheduled call.
    public func cancel() {
        loop.assertIsCurrent()
        event_del(event)
    }

    fileprivate func fire() { action() }
}

private func timerIsDue(_ descriptor: CInt, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // The action may release the timer.
    let timer = Unmanaged<LoopTimer>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(timer) { timer.fire() }
}
