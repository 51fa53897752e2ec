/// The turns of one loop. The loop's owner implements them.
package protocol LoopTurns: AnyObject {
    /// Sets the hub's time. Call this first in every callback of the event loop.
    func begin()
    /// Asks for another turn, after the loop has handled its sockets, for work that is left.
    func schedule()
}
