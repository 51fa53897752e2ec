internal import Access
internal import Events
internal import FrontDoor

/// `GET /api/rooms` and `/api/rooms/{name}`: the fold as it stands at this loop's head, within the grant.
///
/// `lastEventId` is a cursor: a stream from it misses nothing that happened since.
struct RoomsRoute {
    let check: AccessCheck
    let rooms: [RoomKey: RoomState]
    /// The head, as a reader of this filter is told of it.
    let place: (EventFilter, _ user: WireText?) -> EventID

    func answer(_ request: HTTPRequest, name: WireText?, now: EpochMilliseconds) -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            return Problem.method(request.method, allowed: "GET, HEAD").response
        }
        let known: [WireText] = ["room", "source", "access_token", "ticket"]
        if let stranger = request.query.first(where: { !known.contains($0.name) }) {
            return Problem(400, "bad_query", "A parameter is not known\(Quotable.text(stranger.name)).").response
        }
        guard request.query.count <= Limits.filterPatterns else {
            return Problem(400, "bad_query", "There are more than \(Limits.filterPatterns) filters.").response
        }
        let filter: EventFilter
        let user: WireText?
        do {
            let identity = try check.identity(request, now: now)
            user = identity.isAddressable ? identity.user : nil
            filter = try effectiveFilter(for: identity, requested: Self.scope(request, name: name))
        } catch let refusal as AccessRefusal {
            return check.problem(refusal, for: request).response
        } catch {
            return Problem(400, "bad_query", "A filter is out of bounds: \(error).").response
        }
        // A room in the path is a name, not a pattern, whatever characters it has.
        let shown = Self.covered(rooms, by: filter).filter { shown in
            name.map { shown.room.name == $0 } ?? true
        }
        if let name, shown.isEmpty {
            return Problem.notFound(
                "No room of this name\(Quotable.text(name)) is open, or the token does not cover it."
            ).response
        }
        let tag = Self.tag(shown)
        if request.header("if-none-match").map({ Self.lists(tag, in: $0) }) == true {
            var response = HTTPResponse(status: 304)
            response.headers = [("ETag", tag), ("Cache-Control", "private, no-cache")]
            return response
        }
        // Whatever the token covers may be asked for from there on.
        let place = place(EventFilter(granted: filter.granted), user)
        var response = HTTPResponse.json { writer in
            writer.object { writer in
                writer.member("lastEventId", id: place)
                writer.name("rooms")
                writer.array { writer in for room in shown { room.write(to: &writer) } }
            }
        }
        response.headers = [
            ("Content-Type", "application/json"), ("ETag", tag), ("Cache-Control", "private, no-cache"),
        ]
        return response
    }

    /// The rooms that `filter` admits, by name and source.
    static func covered(_ rooms: [RoomKey: RoomState], by filter: EventFilter) -> [RoomState] {
        rooms.values.filter { filter.admitsRoom($0.room.name, source: $0.source) }
            .sorted { ($0.room.name, $0.source) < ($1.room.name, $1.source) }
    }

    private static func scope(_ request: HTTPRequest, name: WireText?) throws(PatternError) -> EventScope {
        var scope = EventScope.everything
        if let name { scope.rooms = try PatternSet(checking: [name]) }
        let rooms = request.query.filter { $0.name == "room" }.map(\.value)
        if name == nil && !rooms.isEmpty { scope.rooms = try PatternSet(checking: rooms) }
        let sources = request.query.filter { $0.name == "source" }.map(\.value)
        if !sources.isEmpty { scope.sources = try PatternSet(checking: sources) }
        return scope
    }

    /// Weak: it tells whether the rooms changed. `lastEventId` moves on with every event anywhere, and an older one
    /// is as good a cursor.
    private static func tag(_ rooms: [RoomState]) -> String {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: WireText) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        }
        for room in rooms {
            mix(room.source)
            mix(room.room.name)
            mix(WireText(room.lastEventID.description))
        }
        return "W/\"\(rooms.count)-\(String(hash, radix: 16))\""
    }

    private static func lists(_ tag: String, in header: WireText) -> Bool {
        let tag = WireText(tag)
        return header == "*" || header.split(at: UInt8(ascii: ",")).contains { $0.trimmingBlanks() == tag }
    }
}
