internal import Events
internal import Wire

/// Frames that the relay itself adds to a stream. They have a type like any event, but no member `id`. Frames that
/// report the stream's position have `lastEventId`, and in SSE the field `id:`.
enum ControlFrame {
    /// The first frame of every stream. `oldestId` is the oldest cursor from which nothing is missing.
    static func connected(
        _ subscriber: Subscriber, at place: EventID?, oldest: EventID, newest: EventID, heartbeatMilliseconds: Int64,
        listeners: Int
    ) -> [UInt8] {
        let filter = subscriber.group.key.filter
        return frame(.connected, at: place, for: subscriber) { writer in
            writer.member("streamId", String(subscriber.id))
            writer.member("user", subscriber.user)
            writer.member("filter", requestedBy: filter)
            writer.member("granted", filter.granted)
            writer.member("oldestId", id: oldest)
            writer.member("newestId", id: newest)
            writer.member("lastEventId", id: place)
            writer.member("heartbeatMs", heartbeatMilliseconds)
            writer.member("listeners", Int64(listeners))
            writer.member("expiresAt", time: subscriber.expiresAt)
        }
    }

    static func resync(_ resync: Resync, for subscriber: Subscriber) -> [UInt8] {
        frame(.resync, at: max(resync.oldest, .beginning), for: subscriber) { resync.write(to: &$0) }
    }

    static func tokenExpiring(_ subscriber: Subscriber) -> [UInt8] {
        frame(.tokenExpiring, for: subscriber) { $0.member("expiresAt", time: subscriber.expiresAt) }
    }

    static func tokenExpired(_ subscriber: Subscriber) -> [UInt8] {
        frame(.tokenExpired, for: subscriber) { $0.member("expiresAt", time: subscriber.expiresAt) }
    }

    /// Tells the client when to reconnect, so that not all clients do at once.
    static func draining(_ subscriber: Subscriber, retryMilliseconds: Int64) -> [UInt8] {
        retry(retryMilliseconds, for: subscriber)
            + frame(.draining, for: subscriber) { $0.member("retryMs", retryMilliseconds) }
    }

    /// The last frame of a stream that the relay ends. Its type is the reason: `closed`, `revoked`, `replaced`,
    /// `retire`.
    static func closing(_ subscriber: Subscriber, _ reason: StreamEnd, retryMilliseconds: Int64?) -> [UInt8] {
        (retryMilliseconds.map { retry($0, for: subscriber) } ?? [])
            + frame(ControlType(rawValue: WireText(reason.rawValue)) ?? .closed, for: subscriber) { writer in
                if let retryMilliseconds { writer.member("retryMs", retryMilliseconds) }
            }
    }

    /// SSE's `retry:` field; NDJSON has none.
    static func retry(_ milliseconds: Int64, for subscriber: Subscriber) -> [UInt8] {
        guard subscriber.group.key.format.encoding == .sse else { return [] }
        return ServerSentEvents.retry(milliseconds: milliseconds)
    }

    /// Shows the client that the stream works, and moves its last id. In SSE, a block with `id:` and no data sets the
    /// client's last id and dispatches no event; `id:` is left out if the client has that id already.
    static func heartbeat(_ subscriber: Subscriber, at place: EventID, hasMoved: Bool, listeners: Int) -> [UInt8] {
        guard subscriber.group.key.format.encoding == .sse && !subscriber.heartbeatIsEvent else {
            return frame(.heartbeat, at: place, for: subscriber) { writer in
                writer.member("lastEventId", id: place)
                writer.member("listeners", Int64(listeners))
            }
        }
        return ServerSentEvents.comment("heartbeat") + (hasMoved ? ServerSentEvents.id(place) : [])
            + ServerSentEvents.endWithoutData
    }

    private static func frame(
        _ type: ControlType, at place: EventID? = nil, for subscriber: Subscriber, _ members: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        let json = JSONWriter.bytes { writer in
            writer.object { writer in
                writer.member("type", type.rawValue)
                members(&writer)
            }
        }
        let format = subscriber.group.key.format
        guard format.encoding == .sse else { return NewlineDelimitedJSON.line(json) }
        return (format.isNamed ? ServerSentEvents.event(type.rawValue) : [])
            + (place.map { ServerSentEvents.id($0) } ?? []) + ServerSentEvents.data(json)
    }
}
