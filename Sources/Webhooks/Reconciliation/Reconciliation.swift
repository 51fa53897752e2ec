package import Events
package import Wire

/// Compares the rooms of one source with what its provider lists, and decides which events were missed.
///
/// It is a value that does no I/O and reads no clock. It remembers from one pass to the next which differences it has
/// seen, because most of them are webhooks that are still on their way:
///
/// - A leave, a finish and the end of a track are missed if the provider does not list their subject in two answers that
///   are a grace apart.
/// - A join and a start are missed if they happened longer than a grace ago by the provider's clock, and no event has
///   changed the room for a grace. Where one of the two is not so, for example because a clock is wrong, they are missed
///   like a track: if two answers that are a grace apart list what the relay does not have.
///
/// Presence is judged by the ids of participants, and sessions by the ids of rooms. A room without an answer is not
/// judged.
package struct Reconciliation: Sendable {
    /// Why a session ended whose finish was missed: `endReason`.
    package static let endReason: WireText = "reconciled"

    let source: WireText
    let provider: WireText
    /// How long a webhook may be on its way.
    package var graceMilliseconds: Int64
    /// Rooms that may still be opened; others are left alone.
    package var roomsLeft = Int.max
    private let lists: @Sendable (Participant) -> Bool
    private let redacted: @Sendable (Event) -> Event
    private var observations: [WireText: [Difference: Observation]] = [:]

    /// A comparison that has seen nothing.
    /// - Parameters:
    ///   - lists: whether the provider would list such a participant.
    ///   - redacted: removes the secrets from an event.
    package init(
        source: WireText, provider: WireText, graceMilliseconds: Int64,
        lists: @escaping @Sendable (Participant) -> Bool = { _ in true },
        redacted: @escaping @Sendable (Event) -> Event = { $0 }
    ) {
        self.source = source
        self.provider = provider
        self.graceMilliseconds = graceMilliseconds
        self.lists = lists
        self.redacted = redacted
    }

    /// Rooms in which something differed when they were last judged.
    package var differingRooms: Set<WireText> { Set(observations.keys) }

    /// When the first difference could be confirmed by another answer; nil if there is none that could.
    package var nextConfirmation: SteadyTime? {
        observations.values.lazy.flatMap(\.values).filter { $0.attempts < Observation.mostAttempts }
            .map { $0.since + graceMilliseconds }.min()
    }

    /// Judges one room by one answer.
    /// - Parameters:
    ///   - listed: the room as the provider lists it; nil if a complete list does not have it.
    ///   - relay: the relay's rooms as they were before the provider was asked.
    /// - Returns: what was missed, in order. All of it belongs into one batch.
    package mutating func judge(
        _ name: WireText, listed: ListedRoom?, relay: RelayRooms, times: AskedTimes
    ) -> [Correction] {
        // Without an answer nothing is known, and what was seen before stays.
        if let listed, listed.presence == nil { return [] }
        var found = Findings(
            before: observations[name] ?? [:], times: times, graceMilliseconds: graceMilliseconds,
            isQuiet: times.now - relay.changedAt(name) >= graceMilliseconds)
        let events = ReconciledEvents(
            source: source, provider: provider, room: name, head: relay.head, now: times.now, redacted: redacted)
        switch (relay.open[name], listed) {
        case (nil, nil): break
        case (let state?, nil): judgeGone(state, events, &found)
        case (nil, let listed?): judgeNew(listed, events, &found)
        case (let state?, let listed?): judgeOpen(state, listed, events, &found)
        }
        observations[name] = found.after.isEmpty ? nil : found.after
        return found.corrections
    }

    /// Forgets rooms that neither side has.
    package mutating func forget(except names: (WireText) -> Bool) {
        observations = observations.filter { names($0.key) }
    }

    /// Notes what became of a correction. An outdated one changes nothing: the next answer decides again.
    package mutating func settle(_ correction: Correction, _ verdict: CorrectionVerdict) {
        guard verdict != .outdated else { return }
        observations[correction.room]?[correction.difference]?.attempts += 1
    }

    private func judgeGone(_ state: RoomState, _ events: ReconciledEvents, _ found: inout Findings) {
        // While the relay knows of a participant whom the provider does not list, their room may go on.
        guard state.participants.allSatisfy({ lists($0.participant) }) else { return }
        let subject = state.room.id ?? "\(state.room.name)/\(state.lastEventID)"
        found.missed(Difference(type: .roomFinished, subject: subject)) {
            events.finish(state.room, at: $0.missedAt, $1)
        }
    }

    private mutating func judgeNew(_ listed: ListedRoom, _ events: ReconciledEvents, _ found: inout Findings) {
        let isOpening = start(listed, events, &found)
        if isOpening { roomsLeft -= 1 }
        judgeJoins(listed, present: [], isOpen: isOpening, events, &found)
    }

    private func judgeOpen(
        _ state: RoomState, _ listed: ListedRoom, _ events: ReconciledEvents, _ found: inout Findings
    ) {
        let present = Set(state.participants.map(\.participant.id))
        if let open = state.room.id, let other = listed.room.id, open != other {
            // A list that is older than the relay's session.
            if let began = state.room.startedAt, let otherBegan = listed.room.startedAt, otherBegan < began { return }
            // The journal ends the old session and the stays in it when the new one starts.
            let isOpening = start(listed, events, &found)
            return judgeJoins(listed, present: present, isOpen: isOpening, events, &found)
        }
        if state.room.id == nil, listed.room.id != nil { _ = start(listed, events, &found, isCertain: false) }
        judgeLeaves(state, listed, events, &found)
        judgeJoins(listed, present: present, isOpen: true, events, &found)
        judgeTracks(state, listed, events, &found)
    }

    /// Looks at the start of a session; true if it was missed.
    private func start(
        _ listed: ListedRoom, _ events: ReconciledEvents, _ found: inout Findings, isCertain: Bool = true
    ) -> Bool {
        let subject = listed.room.id ?? "\(listed.room.name)/\(listed.beganAt.map(ISOTime.text) ?? "")"
        let isAllowed = roomsLeft > 0
        var isMissed = false
        found.missed(
            Difference(type: .roomStarted, subject: subject), happenedAt: isCertain ? listed.beganAt : nil
        ) { _, key in
            guard isAllowed else { return nil }
            isMissed = true
            return events.start(listed.room, at: listed.beganAt, key)
        }
        return isMissed
    }

    private func judgeLeaves(
        _ state: RoomState, _ listed: ListedRoom, _ events: ReconciledEvents, _ found: inout Findings
    ) {
        guard let presence = listed.presence else { return }
        let there = Set(presence.participants.map(\.participant.id)).union(presence.undecided)
        for inside in state.participants where !there.contains(inside.participant.id) && lists(inside.participant) {
            found.missed(Difference(type: .participantLeft, subject: inside.participant.id)) {
                events.leave(of: inside.participant, from: state.room, at: $0.missedAt, $1)
            }
        }
    }

    /// Looks at the joins of those whom the relay does not have, and at their tracks.
    private func judgeJoins(
        _ listed: ListedRoom, present: Set<WireText>, isOpen: Bool, _ events: ReconciledEvents,
        _ found: inout Findings
    ) {
        for inside in listed.presence?.participants ?? [] where !present.contains(inside.participant.id) {
            let participant = inside.participant
            found.missed(
                Difference(type: .participantJoined, subject: participant.id), happenedAt: participant.joinedAt
            ) { _, key in
                isOpen ? events.join(of: participant, into: listed.room, key) : nil
            }
            for track in inside.tracks {
                found.missed(Difference(type: .trackPublished, subject: track.id)) { _, key in
                    isOpen ? events.publish(track, of: participant, in: listed.room, key) : nil
                }
            }
        }
    }

    private func judgeTracks(
        _ state: RoomState, _ listed: ListedRoom, _ events: ReconciledEvents, _ found: inout Findings
    ) {
        guard let presence = listed.presence, presence.hasTracks else { return }
        let known = Dictionary(state.participants.map { ($0.participant.id, $0) }) { $1 }
        for inside in presence.participants {
            guard let before = known[inside.participant.id] else { continue }
            let (had, has) = (Set(before.tracks.map(\.id)), Set(inside.tracks.map(\.id)))
            for track in inside.tracks where !had.contains(track.id) {
                found.missed(Difference(type: .trackPublished, subject: track.id)) { _, key in
                    events.publish(track, of: inside.participant, in: listed.room, key)
                }
            }
            for track in before.tracks where !has.contains(track.id) {
                found.missed(Difference(type: .trackUnpublished, subject: track.id)) { _, key in
                    events.unpublish(track, of: before.participant, in: listed.room, key)
                }
            }
        }
    }
}

/// What became of a correction.
package enum CorrectionVerdict: Sendable, Equatable {
    /// Its event was appended, or had been before.
    case settled
    /// The room had changed meanwhile, or the journal did not take the draft.
    case outdated
}
