/// Rooms, types and sources: what a grant covers, or what a reader asks for.
public struct EventScope: Sendable, Hashable {
    /// Names of rooms.
    public var rooms: PatternSet
    /// Types of events.
    public var types: PatternSet
    /// Names of sources.
    public var sources: PatternSet

    /// A scope; what is not named is not limited.
    public init(rooms: PatternSet = .all, types: PatternSet = .all, sources: PatternSet = .all) {
        self.rooms = rooms
        self.types = types
        self.sources = sources
    }

    /// No limits.
    public static let everything = EventScope()

    /// An event without a room is covered only where every room is.
    func coversRoom(_ room: WireText?) -> Bool {
        guard let room else { return rooms.matchesAll }
        return rooms.matches(room)
    }

    func coversKind(of event: Event) -> Bool {
        types.matches(event.type.rawValue) && sources.matches(event.source)
    }
}

/// What one reader receives: what was asked for, within what was granted. This is the one place where that is
/// decided, for streams, pages, snapshots and lists of rooms alike.
public struct EventFilter: Sendable, Hashable {
    /// What the token allows.
    public var granted: EventScope
    /// What the request asks for.
    public var requested: EventScope
    /// Only events of participants with one of these identities; empty for no such limit.
    public var participants: Set<WireText>

    /// A filter; what is asked narrows what is granted and never widens it.
    public init(granted: EventScope, requested: EventScope = .everything, participants: Set<WireText> = []) {
        self.granted = granted
        self.requested = requested
        self.participants = participants
    }

    /// True when `user` receives `event`.
    ///
    /// An event with an audience reaches only the users it names. Being named stands for the grant on its room:
    /// the callee of a ringing call cannot hold a grant for the call's room yet.
    public func admits(_ event: Event, to user: WireText) -> Bool {
        guard asksFor(event), granted.coversKind(of: event) else { return false }
        if let users = event.users { return users.contains(user) }
        return granted.coversRoom(event.room)
    }

    /// True when the room's state may be shown and was asked for.
    public func admitsRoom(_ room: WireText, source: WireText) -> Bool {
        granted.rooms.matches(room) && requested.rooms.matches(room)
            && granted.sources.matches(source) && requested.sources.matches(source)
    }

    /// The rooms it can ever admit by grant, if they can be listed: then an event elsewhere need not be looked at.
    public var exactRooms: [WireText]? {
        if let names = requested.rooms.exactNames { return names.filter(granted.rooms.matches) }
        return granted.rooms.exactNames.map { $0.filter(requested.rooms.matches) }
    }

    private func asksFor(_ event: Event) -> Bool {
        guard requested.coversRoom(event.room), requested.coversKind(of: event) else { return false }
        guard !participants.isEmpty else { return true }
        return event.data.participant?.identity.map(participants.contains) ?? false
    }
}
