internal import API
internal import EventLoop
internal import Events
internal import Fanout
internal import Journal
internal import Wire

/// A message from another thread to a loop.
enum LoopCommand: Sendable {
    /// The journal has committed events.
    case committed(Commit)
    /// A page of the journal that the hub asked for; nil if it could not be read.
    case page(JournalPage?, after: EventID)
    /// A message for the loop's API.
    case api(LoopMessage)
    /// A canary has passed ingest and journal.
    case canary(signedAt: SteadyTime)
    /// Use these settings from now on.
    case settings(HubSettings)
    /// Record in the pulse that the mailbox is read.
    case checkIn
    /// Refuse new streams and webhooks, and end all streams within so many milliseconds.
    case drain(milliseconds: Int64)
    /// All unfinished requests together use too much memory, and this loop's doors may have the largest.
    case relieve
    /// End at once.
    case stop
}

extension Mailbox: LoopPort where Command == LoopCommand {
    /// Posts a message to the loop's API.
    @discardableResult
    func post(_ message: LoopMessage) -> Bool { post(.api(message)) }
}
