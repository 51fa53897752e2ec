internal import Access
internal import Events
internal import Wire

extension Identity {
    /// Refuses memberships of rooms that the token does not allow.
    func checkPresence(in rooms: [WireText], _ rules: Rules) throws(PresenceRefusal) {
        guard grant.presence else {
            throw PresenceRefusal(.presenceNotGranted, "The token's grant does not say presence.")
        }
        guard !rules.clientSourceIsTaken else {
            throw PresenceRefusal(
                .clientsSourceTaken,
                "A source in the relay's settings is named \(ClientSource.name), so that rooms have no members.")
        }
        guard rooms.allSatisfy(grant.scope.rooms.matches) else {
            throw PresenceRefusal(.roomNotCovered, "The token's grant does not cover the room.")
        }
    }
}
