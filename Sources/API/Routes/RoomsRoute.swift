internal import Access
internal import Events
internal import FrontDoor
internal import Wire

/// `GET /api/rooms` and `/api/rooms/{name}`.
enum RoomsRoute {
    static let routes = [
        Route("rooms", ["GET", "HEAD"]) { try list($0, name: nil) },
        Route("rooms/{name}", ["GET", "HEAD"]) { try list($0, name: $0.segment(1)) },
    ]

    private static func list(_ request: Request, name: WireText?) throws -> Outcome {
        let (scope, listsMemberRooms) = try scope(request.http, name: name)
        let identity = try request.identity()
        let filter = try effectiveFilter(for: identity, requested: scope)
        return .listRooms(RoomsPlan(identity: identity, filter: filter, name: name, listsMemberRooms: listsMemberRooms))
    }

    /// What is asked for, with the limits that streams have.
    private static func scope(_ request: HTTPRequest, name: WireText?) throws(QueryError) -> (EventScope, Bool) {
        var values = FilterValues()
        var rooms: [Pattern] = []
        var sources: [Pattern] = []
        var listsMemberRooms = false
        if let name { rooms.append(try values.pattern("the room's name", name)) }
        for (parameter, value) in request.query {
            switch parameter {
            case "room":
                let pattern = try values.pattern("room=", value)
                if name == nil { rooms.append(pattern) }
            case "source": sources.append(try values.pattern("source=", value))
            case "members": listsMemberRooms = try FilterValues.flag(parameter, value)
            case "access_token", "ticket": break
            default: throw FilterValues.unknown(parameter, of: ["room", "source", "members", "access_token", "ticket"])
            }
        }
        let scope = EventScope(
            rooms: rooms.isEmpty ? .all : PatternSet(rooms), sources: sources.isEmpty ? .all : PatternSet(sources))
        return (scope, listsMemberRooms)
    }
}
