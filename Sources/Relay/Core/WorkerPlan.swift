internal import EventLoop
internal import Events
internal import Journal

/// What a worker is made of, handed to its thread.
struct WorkerPlan: Sendable {
    let context: RelayContext
    let writer: JournalWriter
    let reader: JournalReader
    /// The mailboxes of all loops; this one's is that at `index`.
    let peers: [Mailbox<WorkerCommand>]
    let index: Int
    let count: Int
    let extent: LogExtent
    let rooms: [RoomState]
}
