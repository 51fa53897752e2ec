package import Events
package import Journal
internal import Wire

/// A message from another thread to the API of one loop.
package enum LoopMessage: Sendable {
    /// The fetch of the keys that a request waits for has ended, with or without success.
    case keysSettled(request: UInt64)
    /// The event of a webhook is committed, or its commit has failed.
    case appended(request: UInt64, AppendOutcome)
    /// The append of a client's event has come to its end; the id is that of the event, if it is in the journal.
    case published(request: UInt64, AppendOutcome, EventID?)
    /// An ephemeral event for the streams of this loop.
    case broadcast(EphemeralEvent)
    /// The cursor for a stream with `since=` or `tail=`; nil if the journal could not be read.
    case cursor(request: UInt64, EventID?)
    /// A question or an order about this loop's streams, from any loop.
    case question(StreamQuestion, from: any LoopPort, request: UInt64)
    /// A reply that a request of this loop waits for.
    case answer(StreamAnswer, request: UInt64)
    /// The user has opened a newer stream, and this one is to make room (`over_cap: oldest`).
    case replaced(stream: UInt64)
}

/// Posts messages to one loop, from any thread.
package protocol LoopPort: AnyObject, Sendable {
    /// Posts a message.
    /// - Returns: false if the loop has ended, so that it will never read the message.
    @discardableResult
    func post(_ message: LoopMessage) -> Bool
}
