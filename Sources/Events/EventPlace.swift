/// Places: cursors that say how far a stream has come without saying the id of an event that its reader may not see.
///
/// The place of an event is the last id before the second in which it was committed. It is never an event's own id:
/// for that a million events would have to be committed in one millisecond. It lies before the event, so an event that
/// is committed later has a larger id, whatever the clock does.
extension EventID {
    private static let placeMilliseconds: Int64 = 1000

    /// The place at the beginning of a log from which nothing was removed yet. It is not ``zero``, which a client names
    /// to get whatever is kept: whoever comes back to this place must hear if something was removed in between.
    public static let beginning = EventID(rawValue: 1)

    /// The last id before the second of this one; ``beginning`` where there is none.
    public var place: EventID {
        let second = milliseconds / Self.placeMilliseconds * Self.placeMilliseconds
        return EventID(rawValue: max(Self.beginning.rawValue, second << Self.sequenceBits - 1))
    }

    /// True if a log whose first event after this id is `next` may have told this id as a place: only the log that has
    /// an event in the second after a place has told it.
    public func isPlace(before next: EventID) -> Bool { next > self && next.place == self }
}
