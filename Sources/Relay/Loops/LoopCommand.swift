internal import API
internal import EventLoop
internal import Events
internal import Fanout
internal import Journal
internal import Wire

/// What other threads tell a loop.
enum LoopCommand: Sendable {
    /// The log has grown.
    case committed(Commit)
    /// A page that the hub asked for; nil if it could not be read.
    case page(JournalPage?, after: EventID)
    /// Something for the routes.
    case api(LoopMessage)
    /// A canary has come through ingest and log.
    case canary(signedAt: SteadyTime)
    /// Behave otherwise from now on.
    case settings(HubSettings)
    /// Say that the mailbox is read.
    case checkIn
    /// Refuse what is new, and end all streams within so many milliseconds.
    case drain(milliseconds: Int64)
    /// Unfinished requests take too much memory in all, and the largest may be at this loop's doors.
    case relieve
    /// End at once.
    case stop
}

extension Mailbox: LoopPort where Command == LoopCommand {
    /// Leaves a message for the routes.
    @discardableResult
    func post(_ message: LoopMessage) -> Bool { post(.api(message)) }
}
