internal import Foundation

/// Starts a thread of the journal, under a name of at most 15 letters that `top` and `perf` show.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    Thread {
        // From within: a name given before the start does not reach the kernel on Linux, and the thread would bear
        // that of the one which started it.
        Thread.current.name = name
        body()
    }.start()
}
