/// The turns of one loop, which its owner keeps.
package protocol LoopTurns: AnyObject {
    /// Tells the hub what time it is. To be called first in whatever the event loop calls.
    func begin()
    /// Has the loop come back, once it has looked at its sockets, for what is left to do.
    func schedule()
}
