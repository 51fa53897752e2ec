internal import CLibevent
internal import Glibc

/// libevent's event loop. It belongs to the thread that made it; only a ``Mailbox`` reaches it from elsewhere.
public final class Loop {
    /// libevent's `event_base`, for code that hands it to libevent's other parts on the loop's thread.
    public let base: OpaquePointer
    private let thread = pthread_self()

    /// A loop for the thread that calls this.
    public init() throws(SystemError) {
        guard let config = event_config_new() else { throw SystemError("make an event loop") }
        defer { event_config_free(config) }
        // No other thread touches the base, so its lock would be bought for nothing.
        event_config_set_flag(config, CInt(EVENT_BASE_FLAG_NOLOCK.rawValue))
        guard let base = event_base_new_with_config(config) else { throw SystemError("make an event loop") }
        self.base = base
    }

    deinit {
        event_base_free(base)
    }

    /// Runs until ``stop()``.
    public func run() {
        checkThread()
        event_base_loop(base, CInt(EVLOOP_NO_EXIT_ON_EMPTY))
    }

    /// Ends ``run()`` when the callback that calls this returns.
    public func stop() {
        checkThread()
        event_base_loopbreak(base)
    }

    /// Stops the program if another thread than the loop's own calls: that is always a bug.
    public func checkThread() {
        precondition(pthread_equal(pthread_self(), thread) != 0, "a loop was used on another thread than its own")
    }
}

/// A thread that runs one loop from its first breath to its last.
public enum LoopThread {
    /// Starts a thread of this name and runs `body` on it.
    public static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = Unmanaged.passRetained(ThreadBody(name: name, body: body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runThreadBody, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw SystemError("start the thread \(name)", code: code)
        }
        pthread_detach(thread)
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let body = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    // The kernel keeps 15 characters; `top -H` and a debugger show them.
    roomwire_name_thread(body.name)
    body.body()
    return nil
}
