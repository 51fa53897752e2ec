internal import Glibc

/// The thread that created an object, to check that no other thread uses it.
struct ThreadOwner {
    private let thread = pthread_self()

    /// True on the thread that created this value.
    var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }
}
