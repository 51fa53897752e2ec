package import Wire

/// Rooms, types and sources: the extent of a grant, or of a request.
package struct EventScope: Sendable, Hashable {
    /// Names of rooms.
    package var rooms: PatternSet
    /// Types of events.
    package var types: PatternSet
    /// Names of sources.
    package var sources: PatternSet
    /// In a grant, the sources of events whose audience names the user, if they differ from ``sources``: a token of one
    /// source's provider covers the rooms of that source, and a backend calls its user through another source.
    package var audienceSources: PatternSet?

    /// A scope. A part that is not given is not limited.
    package init(
        rooms: PatternSet = .all, types: PatternSet = .all, sources: PatternSet = .all,
        audienceSources: PatternSet? = nil
    ) {
        self.rooms = rooms
        self.types = types
        self.sources = sources
        self.audienceSources = audienceSources
    }

    /// No limits.
    package static let everything = EventScope()

    /// True if the room is covered. An event without a room is covered only if every room is.
    package func coversRoom(_ room: WireText?) -> Bool {
        guard let room else { return rooms.matchesAll }
        return rooms.matches(room)
    }

    func coversKind(of event: Event) -> Bool {
        let sources = event.users == nil ? sources : audienceSources ?? sources
        return types.matches(event.type.rawValue) && sources.matches(event.source)
    }
}

/// The events that one reader receives: those requested, within those granted. Streams, pages, snapshots and lists of
/// rooms all decide here.
package struct EventFilter: Sendable, Hashable {
    /// The scope that the token allows.
    package var granted: EventScope
    /// The scope that the client requests.
    package var requested: EventScope
    /// Limits the events to those of participants with these identities; empty for no limit.
    package var participants: Set<WireText>
    /// Limits the events to those that reconciliation created, if true, or to all others, if false; nil for no limit.
    package var reconciled: Bool?

    /// A filter. A request narrows the grant and never widens it.
    package init(
        granted: EventScope, requested: EventScope = .everything, participants: Set<WireText> = [],
        reconciled: Bool? = nil
    ) {
        self.granted = granted
        self.requested = requested
        self.participants = participants
        self.reconciled = reconciled
    }

    /// True when `user` receives `event`; nil for a reader whom no audience can include.
    ///
    /// An event with an audience reaches only the users it names, and naming replaces the grant on its room: the callee
    /// of a ringing call cannot have a grant for the call's room yet.
    package func admits(_ event: Event, to user: WireText?) -> Bool {
        guard asksFor(event), granted.coversKind(of: event) else { return false }
        if let users = event.users {
            guard let user else { return false }
            return users.contains(user)
        }
        return granted.coversRoom(event.room)
    }

    /// True when the room's state is granted and requested.
    package func admitsRoom(_ room: WireText, source: WireText) -> Bool {
        granted.rooms.matches(room) && requested.rooms.matches(room)
            && granted.sources.matches(source) && requested.sources.matches(source)
    }

    /// The only rooms whose events it can admit by grant, or nil if they cannot be listed. Events of other rooms need
    /// no check.
    package var exactRooms: [WireText]? {
        if let names = requested.rooms.exactNames { return names.filter(granted.rooms.matches) }
        return granted.rooms.exactNames.map { $0.filter(requested.rooms.matches) }
    }

    private func asksFor(_ event: Event) -> Bool {
        guard requested.coversRoom(event.room), requested.coversKind(of: event) else { return false }
        if let reconciled, reconciled != event.isReconciled { return false }
        guard !participants.isEmpty else { return true }
        return event.data.participant?.identity.map(participants.contains) ?? false
    }
}
