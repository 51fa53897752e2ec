internal import Events
internal import FrontDoor
internal import Wire

/// The answer of `GET /api/rooms` and `/api/rooms/{name}`.
enum RoomsAnswer {
    /// The answer.
    /// - Parameters:
    ///   - rooms: those that the request may see, in order, rooms that are open only for their members among them.
    ///   - listsMemberRooms: true if the request asked for those as well.
    ///   - place: the cursor from which a stream continues the list.
    ///   - json: returns a room's JSON.
    static func response(
        _ request: HTTPRequest, _ rooms: [RoomEntry], place: EventID, name: WireText?, listsMemberRooms: Bool,
        json: (RoomEntry) -> [UInt8]
    ) -> HTTPResponse {
        if let name, !rooms.contains(where: { listsMemberRooms || !$0.state.isOfMembers }) {
            return Problem.notFound(
                "No room of this name\(Quotable.text(name)) is open, or the token does not cover it."
            ).response
        }
        let tag = tag(rooms)
        let headers = [
            ("Content-Type", "application/json"), ("ETag", tag), ("Cache-Control", "private, no-cache"),
        ]
        if EntityTags(request).match(WireText(tag)) {
            var response = HTTPResponse(status: 304)
            response.headers = Array(headers.dropFirst())
            return response
        }
        var response = HTTPResponse(status: 200, body: body(rooms, place: place, isOne: name != nil, json: json))
        response.headers = headers
        return response
    }

    private static func body(
        _ rooms: [RoomEntry], place: EventID, isOne: Bool, json: (RoomEntry) -> [UInt8]
    ) -> [UInt8] {
        let ofMembers = rooms.filter(\.state.isOfMembers)
        let list = list(ofMembers.isEmpty ? rooms : rooms.filter { !$0.state.isOfMembers }, json: json)
        var writer = JSONWriter(capacityBytes: list.count + 64)
        writer.object { writer in
            writer.member("lastEventId", id: place)
            writer.name("rooms")
            writer.encoded(list)
            guard let first = ofMembers.first else { return }
            // Only one room of members has a name.
            writer.name(isOne ? "members" : "memberRooms")
            if isOne {
                first.state.members.write(to: &writer)
            } else {
                writer.encoded(Self.list(ofMembers, json: json))
            }
        }
        return writer.bytes + [0x0A]
    }

    /// A JSON list of rooms.
    static func list(_ rooms: [RoomEntry], json: (RoomEntry) -> [UInt8]) -> [UInt8] {
        let pieces = rooms.map(json)
        var list: [UInt8] = []
        list.reserveCapacity(pieces.reduce(2) { $0 + $1.count + 1 })
        list.append(UInt8(ascii: "["))
        for piece in pieces {
            if list.count > 1 { list.append(UInt8(ascii: ",")) }
            list.append(contentsOf: piece)
        }
        list.append(UInt8(ascii: "]"))
        return list
    }

    /// A weak tag, which changes when a listed room changes. It does not cover `lastEventId`, which every event of any
    /// room changes; an older one is as good a cursor for these rooms.
    private static func tag(_ rooms: [RoomEntry]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for room in rooms { hash = (hash ^ room.tag) &* 0x100_0000_01b3 }
        return "W/\"\(rooms.count)-\(String(hash, radix: 16))\""
    }
}
