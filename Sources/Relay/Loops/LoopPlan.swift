internal import EventLoop
internal import Events
internal import Journal
internal import Wire

/// What a loop needs, passed to its thread.
struct LoopPlan: Sendable {
    let context: RelayContext
    let writer: JournalWriter
    let reader: JournalReader
    /// The mailboxes of all loops; this loop's is at `index`.
    let peers: [Mailbox<LoopCommand>]
    let index: Int
    let count: Int
    let extent: JournalExtent
    let rooms: [RoomState]
}
