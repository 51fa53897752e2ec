internal import Events
internal import Wire

// Members of rooms of the relay's own source: the room is there from the first join to the last leave.
extension RoomFold {
    /// True if the event changes something: a join of one who is not inside, or an update or leave of one who is. Others
    /// are not logged.
    func applies(_ event: Event, _ member: Member, _ key: RoomKey) -> Bool {
        let isInside = state(of: key)?.members.contains(member) ?? false
        return isInside == (event.type != .memberJoined)
    }

    /// The leaves of all members, which end the room: an administrator ordered that.
    func leavesOfMembers(_ open: RoomState, by event: Event) -> [Event] {
        open.members.inOrder.map { member in
            let leaver = Member(
                principal: member.principal, state: member.state, since: member.since, streams: member.streams,
                leaveReason: MemberEnd.closed.text)
            return Event(.memberLeft, leaver, room: open.room.name, now: event.receivedAt)
        }
    }

    /// Records a join, an update or a leave.
    mutating func record(_ event: Event, _ member: Member, _ key: RoomKey, _ id: EventID) {
        guard applies(event, member, key) else { return }
        var state =
            take(key)
            ?? RoomState(source: key.source, provider: event.provider, room: Room(name: key.name), lastEventID: id)
        if event.type == .memberLeft { state.members.remove(member) } else { state.members.set(member) }
        state.lastEventID = id
        put(key, state.members.isEmpty && state.isOfMembers ? nil : state)
    }
}
