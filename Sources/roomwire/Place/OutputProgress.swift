internal import Events

/// Which places of the stream the reader of the output has passed.
///
/// A place is passed when the reader has taken every byte that was written before it. What is still in the pipe is lost
/// if the reader ends, so it does not count.
struct OutputProgress: Sendable {
    private struct Waiting: Sendable {
        let id: EventID
        /// The count of bytes written when the place was reached.
        let endBytes: Int
    }

    private var writtenBytes = 0
    /// In the order of the stream. A pipe holds at most a few thousand lines, so this is short.
    private var waiting: [Waiting] = []

    /// True if the reader may not have passed every place.
    var isWaiting: Bool { !waiting.isEmpty }

    /// Bytes were written, all of one line.
    mutating func wrote(bytes: Int) { writtenBytes += bytes }

    /// The stream has reached a place: everything before it is written.
    mutating func reached(_ id: EventID) {
        // A heartbeat moves the place and writes nothing.
        if waiting.last?.endBytes == writtenBytes { waiting.removeLast() }
        waiting.append(Waiting(id: id, endBytes: writtenBytes))
    }

    /// Removes the places that are passed, and returns the last of them; nil if none is.
    /// - Parameter unreadBytes: how much of the pipe is unread. Other writers' bytes in the same pipe make it larger,
    ///   which only delays a place.
    mutating func passed(unreadBytes: Int) -> EventID? {
        let readBytes = writtenBytes - unreadBytes
        let count = waiting.prefix { $0.endBytes <= readBytes }.count
        guard count > 0 else { return nil }
        defer { waiting.removeFirst(count) }
        return waiting[count - 1].id
    }
}
