internal import Events

/// What the relay itself says on a stream: typed like any event, but without a member `id`. Frames that say where the
/// stream has come to have `lastEventId`, and in SSE the field `id:`.
enum ControlFrame {
    /// The first event of every stream. `oldestId` is the oldest cursor that misses nothing.
    static func connected(
        _ subscriber: Subscriber, at place: EventID?, oldest: EventID, newest: EventID, heartbeatMilliseconds: Int64
    ) -> [UInt8] {
        let filter = subscriber.group.key.filter
        return frame("connected", at: place, for: subscriber) { writer in
            writer.member("streamId", String(subscriber.id))
            writer.member("user", subscriber.user)
            writer.member("filter", filter.requested, participants: filter.participants)
            writer.member("granted", filter.granted)
            writer.member("oldestId", id: oldest)
            writer.member("newestId", id: newest)
            writer.member("lastEventId", id: place)
            writer.member("heartbeatMs", heartbeatMilliseconds)
            writer.member("expiresAt", time: subscriber.expiresAt)
        }
    }

    static func resync(_ resync: Resync, for subscriber: Subscriber) -> [UInt8] {
        frame("resync", at: max(resync.oldest, .beginning), for: subscriber) { resync.write(to: &$0) }
    }

    static func tokenExpiring(_ subscriber: Subscriber) -> [UInt8] {
        frame("token_expiring", for: subscriber) { $0.member("expiresAt", time: subscriber.expiresAt) }
    }

    static func tokenExpired(_ subscriber: Subscriber) -> [UInt8] {
        frame("token_expired", for: subscriber) { $0.member("expiresAt", time: subscriber.expiresAt) }
    }

    /// Tells when to come back, so that not everybody does at once.
    static func draining(_ subscriber: Subscriber, retryMilliseconds: Int64) -> [UInt8] {
        retry(retryMilliseconds, for: subscriber)
            + frame("draining", for: subscriber) { $0.member("retryMs", retryMilliseconds) }
    }

    /// The last frame of a stream that somebody else ends. Its type is the reason: `closed`, `revoked`, `replaced`.
    static func closing(_ subscriber: Subscriber, _ reason: StreamEnd, retryMilliseconds: Int64?) -> [UInt8] {
        (retryMilliseconds.map { retry($0, for: subscriber) } ?? [])
            + frame(reason.rawValue, for: subscriber) { writer in
                if let retryMilliseconds { writer.member("retryMs", retryMilliseconds) }
            }
    }

    /// SSE's `retry:` field; NDJSON has none.
    static func retry(_ milliseconds: Int64, for subscriber: Subscriber) -> [UInt8] {
        guard subscriber.group.key.format.encoding == .sse else { return [] }
        return Array("retry: \(milliseconds)\n".utf8)
    }

    /// A sign of life, and how far the stream has come. In SSE a block without data moves the client's last id and
    /// dispatches nothing; it is left out where the id is the client's already.
    static func heartbeat(_ subscriber: Subscriber, at place: EventID, hasMoved: Bool) -> [UInt8] {
        guard subscriber.group.key.format.encoding == .sse && !subscriber.heartbeatIsEvent else {
            return frame("heartbeat", at: place, for: subscriber) { $0.member("lastEventId", id: place) }
        }
        return Array((hasMoved ? ": heartbeat\nid: \(place)\n\n" : ": heartbeat\n\n").utf8)
    }

    private static func frame(
        _ type: String, at place: EventID? = nil, for subscriber: Subscriber, _ members: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        let json = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", type)
                members(&writer)
            }
        }
        let format = subscriber.group.key.format
        guard format.encoding == .sse else { return json + [0x0A] }
        let name = (format.isNamed ? "event: \(type)\n" : "") + (place.map { "id: \($0)\n" } ?? "")
        return Array(name.utf8) + Array("data: ".utf8) + json + [0x0A, 0x0A]
    }
}
