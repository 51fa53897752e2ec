internal import Events
package import Wire

/// Chooses the rooms whose participants a pass asks for.
///
/// Asking for every room in every pass would cost a request a room. Providers tell a count of participants with each
/// room. It is unreliable, so it decides only the order: rooms that seem to differ are always asked, and of the others a
/// tenth in each pass.
package enum RoomsToAsk {
    /// A room that does not seem to differ is asked in one of so many passes.
    package static let passes = 10

    /// The rooms to ask, those that seem to differ first.
    /// - Parameters:
    ///   - pass: the number of the pass, which selects the tenth.
    ///   - asksAll: whether all rooms are asked, as after an outage.
    package static func choose(
        _ listed: [ListedRoom], relay: RelayRooms, differing: Set<WireText>, pass: Int, asksAll: Bool
    ) -> [ListedRoom] {
        var first: [ListedRoom] = []
        var rest: [ListedRoom] = []
        for room in listed where room.presence == nil {
            if differing.contains(room.room.name) || seemsToDiffer(room, relay.open[room.room.name]) {
                first.append(room)
            } else if asksAll || share(of: room.room.name) == pass % passes {
                rest.append(room)
            }
        }
        return first + rest
    }

    private static func seemsToDiffer(_ listed: ListedRoom, _ state: RoomState?) -> Bool {
        guard let state else { return true }
        if let open = state.room.id, let other = listed.room.id, open != other { return true }
        guard let told = listed.toldPeople else { return false }
        return told != state.participants.count { !uncounted.contains($0.participant.kind) }
    }

    /// Kinds of participants that LiveKit does not count.
    private static let uncounted: Set<WireText> = ["agent", "egress"]

    /// Which tenth a room belongs to: always the same, whatever other rooms there are. It is FNV-1a, since Swift's hash
    /// differs from process to process.
    private static func share(of name: WireText) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(hash % UInt64(passes))
    }
}
