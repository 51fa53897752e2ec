internal import EventLoop
internal import Events
internal import Fanout
internal import Journal

/// What other threads tell a loop.
enum WorkerCommand: Sendable {
    /// The log has grown.
    case committed(Commit)
    /// The keys that a request waits for have been fetched, or cannot be.
    case keysSettled(exchange: UInt64)
    /// A webhook's append has come to its end.
    case appended(exchange: UInt64, source: String, AppendOutcome)
    /// A page that was asked for; nil if it could not be read.
    case page(LogPage?, after: EventID)
    /// The cursor for a stream that begins at a time or a number of events ago; nil if it could not be found.
    case cursor(exchange: UInt64, EventID?)
    /// A canary has come through ingest and log.
    case canary(signedAt: SteadyTime)
    /// Behave otherwise from now on.
    case settings(HubSettings)
    /// Say that the mailbox is read.
    case checkIn
    /// Something about this loop's streams that another loop, or this one, wants to know or to have done.
    case question(StreamQuestion, from: Mailbox<WorkerCommand>, exchange: UInt64)
    /// A part of the answer to a request that waits here.
    case answer(StreamAnswer, exchange: UInt64)
    /// Another loop has opened a newer stream of the same user in place of this one.
    case replaced(stream: UInt64)
    /// Refuse what is new, and say goodbye to all streams within so many milliseconds.
    case drain(milliseconds: Int64)
    /// Unfinished requests take too much memory in all, and the largest may be at this loop's doors.
    case relieve
    /// End at once.
    case stop
}
