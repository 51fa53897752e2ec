internal import CLibevent
internal import Glibc

/// Calls back on its loop whenever a counter of the kernel's has grown, an eventfd's or a timerfd's, for as long as it
/// lives. The counter is taken back to zero before each call. Whoever made the descriptor closes it.
public final class CounterReader {
    // Held, so that the event never outlives its base.
    private let loop: Loop
    private var event: UnsafeMutablePointer<event>?
    private let descriptor: CInt
    private let action: () -> Void

    /// Reads the counter of this descriptor from now on.
    public init(_ descriptor: CInt, on loop: Loop, _ action: @escaping () -> Void) {
        loop.checkThread()
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

    fileprivate func take() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
        action()
    }
}

private func counterHasGrown(_ descriptor: CInt, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // The action may let go of the reader.
    let reader = Unmanaged<CounterReader>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(reader) { reader.take() }
}
