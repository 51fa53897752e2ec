internal import Access
internal import Events
internal import FrontDoor
internal import Wire

/// `GET /api/rooms` and `/api/rooms/{name}`: the fold as it stands at this loop's head, within the grant.
///
/// `lastEventId` is a cursor: a stream from it misses nothing that happened since.
struct RoomsRoute {
    let check: AccessCheck

    /// Whether a request is let in, and what it may see.
    enum Reading {
        case refused(HTTPResponse)
        case admitted(Identity, EventFilter)
    }

    /// Reads a request.
    /// - Parameter name: the room in the path.
    func read(_ request: HTTPRequest, name: WireText?, now: WallTime) -> Reading {
        guard request.method == "GET" || request.method == "HEAD" else {
            return .refused(Problem.method(request.method, allowed: "GET, HEAD").response)
        }
        do {
            let scope = try Self.scope(request, name: name)
            let identity = try check.identity(request, now: now)
            return .admitted(identity, try effectiveFilter(for: identity, requested: scope))
        } catch let refusal as AccessRefusal {
            return .refused(check.problem(refusal, for: request).response)
        } catch {
            let sentence = (error as? StreamQuery.Mistake)?.sentence ?? "The query cannot be read."
            return .refused(Problem(400, "bad_query", sentence).response)
        }
    }

    /// What is asked for, with the limits that streams have.
    static func scope(_ request: HTTPRequest, name: WireText?) throws(StreamQuery.Mistake) -> EventScope {
        var values = FilterValues()
        var rooms: [Pattern] = []
        var sources: [Pattern] = []
        if let name { rooms.append(try values.pattern("the room's name", name)) }
        for (parameter, value) in request.query {
            switch parameter {
            case "room":
                let pattern = try values.pattern("room=", value)
                if name == nil { rooms.append(pattern) }
            case "source": sources.append(try values.pattern("source=", value))
            case "access_token", "ticket": break
            default: throw FilterValues.unknown(parameter, of: ["room", "source", "access_token", "ticket"])
            }
        }
        return EventScope(
            rooms: rooms.isEmpty ? .all : PatternSet(rooms), sources: sources.isEmpty ? .all : PatternSet(sources))
    }

    /// The answer.
    /// - Parameters:
    ///   - rooms: what the request may see, in order.
    ///   - place: the cursor from which a stream continues them.
    ///   - json: gives a room's JSON.
    static func response(
        _ request: HTTPRequest, _ rooms: [RoomEntry], place: EventID, name: WireText?, json: (RoomEntry) -> [UInt8]
    ) -> HTTPResponse {
        if let name, rooms.isEmpty {
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
        var response = HTTPResponse(status: 200, body: body(rooms, place: place, json: json))
        response.headers = headers
        return response
    }

    private static func body(_ rooms: [RoomEntry], place: EventID, json: (RoomEntry) -> [UInt8]) -> [UInt8] {
        let list = list(rooms, json: json)
        var writer = JSONWriter(capacityBytes: list.count + 64)
        writer.object { writer in
            writer.member("lastEventId", id: place)
            writer.name("rooms")
            writer.encoded(list)
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

    /// Weak: it tells whether the rooms changed. `lastEventId` moves on with every event anywhere, and an older one
    /// is as good a cursor.
    private static func tag(_ rooms: [RoomEntry]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for room in rooms { hash = (hash ^ room.tag) &* 0x100_0000_01b3 }
        return "W/\"\(rooms.count)-\(String(hash, radix: 16))\""
    }
}
