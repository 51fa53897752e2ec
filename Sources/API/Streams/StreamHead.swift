internal import Events
internal import Fanout
internal import FrontDoor
internal import Platform
internal import Wire

/// The head of a stream's response. The body has no length: it is chunked, or over HTTP/1.0 ends with the connection.
enum StreamHead {
    /// The head, up to and with the empty line.
    /// - Parameter extra: further headers, for CORS.
    static func bytes(
        _ format: StreamQuery.Format, isChunked: Bool, _ extra: [(name: String, value: String)]
    ) -> [UInt8] {
        var head = "HTTP/1.1 200 OK\r\nContent-Type: \(contentType(format))\r\n"
        head += "Date: \(HTTPDate.text(WallClock.now()))\r\nCache-Control: no-store\r\n"
        head += "X-Accel-Buffering: no\r\n"
        if isChunked { head += "Transfer-Encoding: chunked\r\n" }
        for header in extra { head += "\(header.name): \(header.value)\r\n" }
        return Array((head + "Connection: close\r\n\r\n").utf8)
    }

    /// The media type, with its charset: some clients assume another one if there is none.
    static func contentType(_ format: StreamQuery.Format) -> String {
        switch format {
        case .sse: "text/event-stream; charset=utf-8"
        case .ndjson: "application/x-ndjson; charset=utf-8"
        case .json: "application/json"
        }
    }

    /// The answer to a HEAD request.
    static func alone(_ format: StreamQuery.Format) -> HTTPResponse {
        var response = HTTPResponse(status: 200, contentType: contentType(format))
        response.headers += [("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
        response.hasLength = false
        return response
    }
}

/// The first message after `connected` on a stream with `snapshot=1`.
enum SnapshotMessage {
    /// The message with the rooms at the cursor `place`. The stream continues with the events after it.
    /// - Parameter json: returns a room's JSON.
    static func frame(
        _ rooms: [RoomEntry], json: (RoomEntry) -> [UInt8], at place: EventID, format: StreamFormat
    ) -> [UInt8] {
        let ofMembers = rooms.filter(\.state.isOfMembers)
        let json = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", ControlType.snapshot.rawValue)
                writer.member("lastEventId", id: place)
                writer.name("rooms")
                writer.encoded(RoomsAnswer.list(rooms.filter { !$0.state.isOfMembers }, json: json))
                guard !ofMembers.isEmpty else { return }
                writer.name("memberRooms")
                writer.encoded(RoomsAnswer.list(ofMembers, json: json))
            }
        }
        guard format.encoding == .sse else { return NewlineDelimitedJSON.line(json) }
        let name = format.isNamed ? ServerSentEvents.event(ControlType.snapshot.rawValue) : []
        return ServerSentEvents.id(place) + name + ServerSentEvents.data(json)
    }
}
