internal import Wire

/// An event that is not in the journal: its content and its JSON, encoded once for all streams.
///
/// It has no id, so it moves no cursor. It reaches the streams that are open and is forgotten.
package final class EphemeralEvent: Sendable {
    /// The event; its ``Event/isEphemeral`` is set, and it has an author.
    package let event: Event
    /// The JSON object that subscribers receive.
    package let json: [UInt8]

    /// An ephemeral event. It needs an ``Event/author``.
    package init(_ event: Event) {
        assert(event.author != nil, "an ephemeral event has a sender")
        var event = event
        event.isEphemeral = true
        self.event = event
        json = JSONWriter.bytes { event.write(to: &$0, id: nil) }
    }

    /// The bytes that count towards the bounds on memory.
    package var bytes: Int { json.count }

    /// True when this one makes `older` worthless for a reader who has seen neither: the same sender tells the same kind
    /// of thing about the same room.
    package func replaces(_ older: EphemeralEvent) -> Bool {
        event.type == older.event.type && event.room == older.event.room && event.author == older.event.author
    }
}
