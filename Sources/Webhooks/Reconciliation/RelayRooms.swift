package import Events
package import Wire

/// The rooms of one source as the relay knows them at one moment.
package struct RelayRooms: Sendable {
    /// The journal's head at that moment. What is decided on these rooms holds as long as no later event touches them.
    package var head: EventID
    /// The open rooms by name.
    package var open: [WireText: RoomState]
    /// When rooms that are not open any more were closed, as far as the caller knows.
    package var closedAt: [WireText: WallTime]
    /// The moment before which every other room that is not open was closed.
    package var othersClosedBy: WallTime

    /// Rooms at one moment.
    package init(
        head: EventID, open: [WireText: RoomState], closedAt: [WireText: WallTime] = [:], othersClosedBy: WallTime
    ) {
        self.head = head
        self.open = open
        self.closedAt = closedAt
        self.othersClosedBy = othersClosedBy
    }

    /// The moment of the last event that changed the room, by the relay's clock.
    func changedAt(_ name: WireText) -> WallTime {
        if let state = open[name] { return state.lastEventID.time }
        return closedAt[name] ?? othersClosedBy
    }
}

/// When a provider was asked and by which clocks.
package struct AskedTimes: Sendable {
    /// Before the request was sent, by the clock that never steps.
    package var asked: SteadyTime
    /// After the answer arrived, by the same clock.
    package var answered: SteadyTime
    /// The relay's time.
    package var now: WallTime
    /// The earliest that the time may be by the provider's clock.
    package var providerNow: WallTime

    /// Times of one question.
    package init(asked: SteadyTime, answered: SteadyTime, now: WallTime, providerNow: WallTime) {
        self.asked = asked
        self.answered = answered
        self.now = now
        self.providerNow = providerNow
    }
}
