internal import Glibc

/// A value protected by a lock.
///
/// Over a pthread mutex and not `Synchronization.Mutex`, for which ThreadSanitizer on Linux reports races where there
/// are none.
public final class Locked<Value>: @unchecked Sendable {
    // Unchecked: the value is used only between lock and unlock.
    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Protects `value`.
    public init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the value under the lock. `body` must be short and must not acquire the same lock.
    public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
