/// Places: cursors that tell how far a stream has come without the id of an event that its reader may not see.
///
/// The place of an event is the last id before the second in which it was committed. It is never an event's own id: for
/// that, a million events would have to be committed in one millisecond. It is below the event, and an event that is
/// committed later has a larger id, whatever the clock does.
extension EventID {
    private static let placeMilliseconds: Int64 = 1000

    /// The place at the beginning of an untrimmed journal. It differs from ``zero``, with which a client requests
    /// whatever is available: a client that resumes from this place must learn whether events were trimmed meanwhile.
    package static let beginning = EventID(rawValue: 1)

    /// The last id before the second of this one; ``beginning`` if there is none.
    package var place: EventID {
        let second = milliseconds / Self.placeMilliseconds * Self.placeMilliseconds
        return EventID(rawValue: max(Self.beginning.rawValue, second << Self.sequenceBits - 1))
    }

    /// True if a journal whose first event after this id is `next` may have given this id to a client as a place. Only
    /// a journal with an event in the second after a place has done that.
    package func isPlace(before next: EventID) -> Bool { next > self && next.place == self }
}
