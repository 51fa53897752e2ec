internal import EventLoop
internal import Events
internal import Fanout

/// The head of a stream's response. The body has no length: it comes in chunks, or over HTTP/1.0 ends with the
/// connection.
enum StreamHead {
    static func bytes(
        _ format: StreamQuery.Format, isChunked: Bool, _ extra: [(name: String, value: String)]
    ) -> [UInt8] {
        var head = "HTTP/1.1 200 OK\r\nContent-Type: \(contentType(format))\r\n"
        head += "Date: \(HTTPDate.text(System.wallMilliseconds()))\r\nCache-Control: no-store\r\n"
        head += "X-Accel-Buffering: no\r\n"
        if isChunked { head += "Transfer-Encoding: chunked\r\n" }
        for header in extra { head += "\(header.name): \(header.value)\r\n" }
        return Array((head + "Connection: close\r\n\r\n").utf8)
    }

    /// Some clients read another encoding where none is named.
    static func contentType(_ format: StreamQuery.Format) -> String {
        format == .sse ? "text/event-stream; charset=utf-8" : "application/x-ndjson; charset=utf-8"
    }
}

/// What the routes themselves say on a stream: like the hub's control events.
enum ControlMessage {
    /// The rooms as they were at `place`, which it carries: every event after it follows.
    static func snapshot(_ rooms: [RoomState], at place: EventID, format: StreamFormat) -> [UInt8] {
        let json = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", "snapshot")
                writer.member("lastEventId", id: place)
                writer.name("rooms")
                writer.array { writer in for room in rooms { room.write(to: &writer) } }
            }
        }
        guard format.encoding == .sse else { return json + [0x0A] }
        let name = format.isNamed ? "event: snapshot\n" : ""
        return Array("id: \(place)\n\(name)data: ".utf8) + json + [0x0A, 0x0A]
    }

    static func refused(reason: String, detail: String, retryAfterSeconds: Int, isNamed: Bool) -> [UInt8] {
        let retry = Int64(retryAfterSeconds) * 1000
        let json = JSONWriter.text { writer in
            writer.object { writer in
                writer.member("type", "refused")
                writer.member("reason", reason)
                writer.member("detail", detail)
                writer.member("retryMs", retry)
            }
        }
        return Array("retry: \(retry)\n\(isNamed ? "event: refused\n" : "")data: \(json)\n\n".utf8)
    }
}
