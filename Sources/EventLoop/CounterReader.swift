internal import CLibevent
internal import Glibc

/// Calls back on its loop whenever a kernel counter (an eventfd or a timerfd) has grown, until it is freed. The counter
/// is reset to zero before each call. The creator of the descriptor closes it.
public final class CounterReader {
    // A strong reference, so that the event never outlives its base.
    private let loop: Loop
    private var event: UnsafeMutablePointer<event>?
    private let descriptor: CInt
    private let action: () -> Void

    /// Starts to watch the counter of this descriptor.
    public init(_ descriptor: CInt, on loop: Loop, _ action: @escaping () -> Void) {
        loop.preconditionIsCurrent()
        self.loop = loop
        self.descriptor = descriptor
        self.action = action
        event = event_new(
            loop.base, descriptor, Int16(EV_READ | EV_PERSIST), counterHasGrown,
            Unmanaged.passUnretained(self).toOpaque())
        event_add(event, nil)
    }

    deinit {
        if let event { event_free(event) }
    }

    fileprivate func resetAndCall() {
        loop.assertIsCurrent()
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
        action()
    }
}

private func counterHasGrown(_ descriptor: CInt, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // The action may release the reader.
    let reader = Unmanaged<CounterReader>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(reader) { reader.resetAndCall() }
}
