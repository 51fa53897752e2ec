package import Events
package import Journal
internal import Wire

/// What other threads tell the routes of one loop.
package enum LoopMessage: Sendable {
    /// The keys that a request waits for have been fetched, or cannot be.
    case keysSettled(request: UInt64)
    /// A webhook's append has come to its end.
    case appended(request: UInt64, AppendOutcome)
    /// The append of a client's event has come to its end; the id is that of the event, if it is in the journal.
    case published(request: UInt64, AppendOutcome, EventID?)
    /// An ephemeral event for the streams of this loop.
    case broadcast(EphemeralEvent)
    /// The cursor for a stream that begins at a time or a number of events ago; nil if it could not be found.
    case cursor(request: UInt64, EventID?)
    /// Something about this loop's streams that another loop, or this one, wants to know or to have done.
    case question(StreamQuestion, from: any LoopPort, request: UInt64)
    /// A part of the answer to a request that waits here.
    case answer(StreamAnswer, request: UInt64)
    /// Another loop has opened a newer stream of the same user in place of this one.
    case replaced(stream: UInt64)
}

/// The way into one loop from any thread.
package protocol LoopPort: AnyObject, Sendable {
    /// Leaves a message.
    /// - Returns: false if the loop has ended, so that the message will never be read.
    @discardableResult
    func post(_ message: LoopMessage) -> Bool
}
