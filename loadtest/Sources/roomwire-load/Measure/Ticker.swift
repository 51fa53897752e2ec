internal import CLibevent
internal import EventLoop
internal import Glibc
internal import Platform

/// Calls back on its loop at a steady rate, to the microsecond: the loop's own timers count whole milliseconds.
///
/// It is one descriptor of the kernel's, which the loop waits for as it does for sockets. Calls that were missed are
/// not made up for: the next comes when the next is due.
final class Ticker {
    private let descriptor: CInt
    private var reader: CounterReader?

    /// A ticker that does not run yet.
    init(on loop: Loop, _ action: @escaping () -> Void) throws(SystemError) {
        descriptor = timerfd_create(CLOCK_MONOTONIC, CInt(TFD_NONBLOCK | TFD_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("make a timer") }
        reader = CounterReader(descriptor, on: loop, action)
    }

    deinit {
        reader = nil
        Glibc.close(descriptor)
    }

    /// Begins at `moment`, on the steady clock, and goes on every `interval` nanoseconds until it is stopped.
    func start(at moment: Int64, every interval: Int64) {
        var times = itimerspec(it_interval: Self.time(interval), it_value: Self.time(moment))
        timerfd_settime(descriptor, CInt(TFD_TIMER_ABSTIME), &times, nil)
    }

    /// Calls no more.
    func stop() {
        var times = itimerspec()
        timerfd_settime(descriptor, 0, &times, nil)
    }

    private static func time(_ nanoseconds: Int64) -> timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
