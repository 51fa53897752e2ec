internal import Events
internal import Fanout
internal import FrontDoor
internal import Wire

/// The query and headers of `GET /api/events`.
struct StreamQuery: Equatable {
    /// Where to begin.
    enum Start: Equatable {
        case live
        case lastEventID(WireText)
        case since(WallTime)
        case tail(Int)
    }

    /// The format of the answer.
    enum Format: WireText {
        case sse
        case ndjson
        case json
    }

    var requested = EventScope.everything
    var participants: Set<WireText> = []
    /// Whether only reconciled events are asked for, or only others; nil for both.
    var reconciled: Bool?
    var format = Format.sse
    var isNamed = false
    var start = Start.live
    var wantsSnapshot = false
    /// The rooms of which the stream makes its user a member, none of them twice.
    var presence: [WireText] = []
    var limitEvents: Int?
    /// `wait=`: how long a page waits for its first event, in milliseconds; with 0 a stream ends when it has caught up.
    /// Nil if it is absent: a page does not wait then, and a stream goes on.
    var waitMilliseconds: Int?
    var heartbeatIsEvent = false
    /// `refuse=`: true for `stream`, false for `http`; nil if it is absent.
    var refusesOnStream: Bool?

    init(_ request: HTTPRequest, now: WallTime) throws(QueryError) {
        var reader = Reader()
        for (name, value) in request.query { try reader.take(name, value, into: &self, now: now) }
        // `format=` takes precedence over `Accept`.
        if !reader.hasFormat { format = try Self.format(request) }
        requested = EventScope(
            rooms: reader.rooms.isEmpty ? .all : PatternSet(reader.rooms),
            types: reader.types.isEmpty ? .all : PatternSet(reader.types),
            sources: reader.sources.isEmpty ? .all : PatternSet(reader.sources))
        start = try reader.start()
        // A browser that reconnects sends the header. Its URL still has the first start, which the header overrides.
        if let id = request.header("last-event-id"), !id.isEmpty { start = .lastEventID(id) }
        if case .lastEventID = start { wantsSnapshot = false }
        try checkTogether()
    }

    /// Refuses combinations of which one part would be ignored.
    private func checkTogether() throws(QueryError) {
        if wantsSnapshot && start != .live {
            throw QueryError(sentence: "snapshot=1 begins now: it goes with neither since= nor tail=.")
        }
        if wantsSnapshot && format == .json {
            throw QueryError(sentence: "A page has no snapshot: take it from /rooms, and go on from its lastEventId.")
        }
        if !presence.isEmpty && (format == .json || waitMilliseconds == 0) {
            throw QueryError(sentence: "presence= needs a stream that goes on: it goes with neither pages nor wait=0.")
        }
        if let wait = waitMilliseconds, wait > 0, format != .json {
            throw QueryError(sentence: "A wait= other than 0 goes with format=json: other formats are streams.")
        }
    }

    /// The formats by media type. Clients that accept anything get the first.
    private static let forms: KeyValuePairs<WireText, Format> = [
        "text/event-stream": .sse, "application/x-ndjson": .ndjson, "application/ndjson": .ndjson,
        "application/json": .json,
    ]

    private static func format(_ request: HTTPRequest) throws(QueryError) -> Format {
        let offered = forms.map(\.key)
        let accept: AcceptHeader
        do throws(AcceptHeader.Problem) { accept = try AcceptHeader(request) } catch {
            throw QueryError(sentence: error.sentence)
        }
        let best = accept.best(of: offered)
        if let form = forms.first(where: { $0.key == best }) { return form.value }
        let list = "text/event-stream, application/x-ndjson and application/json"
        let sentence =
            accept.foreignCharset(of: offered).map { charset in
                "Accept asks for charset=\(charset.prefix(40)), but \(list) are all in UTF-8."
            } ?? "Accept takes none of the forms that there are: \(list), all in UTF-8."
        throw QueryError.notAcceptable(sentence)
    }
}

extension StreamQuery {
    /// Collects the parameters, some of which may be repeated.
    private struct Reader {
        var rooms: [Pattern] = []
        var types: [Pattern] = []
        var sources: [Pattern] = []
        var values = FilterValues()
        var hasFormat = false
        var lastEventID: WireText?
        var since: WallTime?
        var tail: Int?

        /// `lastEventId=` takes precedence: clients that add it to their URL leave the first `since=` or `tail=`
        /// there.
        func start() throws(QueryError) -> Start {
            if let lastEventID { return .lastEventID(lastEventID) }
            guard since == nil || tail == nil else {
                throw QueryError(sentence: "since= and tail= both say where to begin: only one can be given.")
            }
            return since.map { .since($0) } ?? tail.map { .tail($0) } ?? .live
        }

        // One case for each parameter of the contract.
        mutating func take(
            _ name: WireText, _ value: WireText, into query: inout StreamQuery, now: WallTime
        ) throws(QueryError) {
            switch name {
            case "room": rooms.append(try values.pattern("room=", value))
            case "type": types.append(try values.pattern("type=", value))
            case "source": sources.append(try values.pattern("source=", value))
            case "participant": query.participants.insert(try values.name("participant=", value))
            case "reconciled": query.reconciled = try FilterValues.flag(name, value)
            case "named": query.isNamed = try FilterValues.flag(name, value)
            case "snapshot": query.wantsSnapshot = try FilterValues.flag(name, value)
            case "presence": try takePresence(value, into: &query)
            case "lastEventId": lastEventID = value
            case "since": since = try time(name, value, now)
            case "tail": tail = try number(name, value, 0...Limits.tailEvents)
            case "limit": query.limitEvents = try number(name, value, 1...Limits.limitEvents)
            case "wait": query.waitMilliseconds = try wait(value)
            case "format":
                query.format = try word(name, value)
                hasFormat = true
            case "heartbeat":
                guard value == "event" || value == "comment" else {
                    throw QueryError(sentence: "heartbeat= is event or comment.")
                }
                query.heartbeatIsEvent = value == "event"
            case "refuse":
                guard value == "http" || value == "stream" else {
                    throw QueryError(sentence: "refuse= is http or stream.")
                }
                query.refusesOnStream = value == "stream"
            case "access_token", "ticket": break
            default:
                throw FilterValues.unknown(name, of: StreamQuery.known)
            }
        }

        private func takePresence(_ value: WireText, into query: inout StreamQuery) throws(QueryError) {
            guard (1...Limits.segmentBytes).contains(value.byteCount) else {
                throw QueryError(sentence: "presence= is the name of a room, of at most \(Limits.segmentBytes) bytes.")
            }
            // More than any setting allows: the settings' own bound has a refusal of its own.
            guard query.presence.count < Limits.filterPatterns else {
                throw QueryError(sentence: "There are more than \(Limits.filterPatterns) rooms in presence=.")
            }
            if !query.presence.contains(value) { query.presence.append(value) }
        }

        private func number(_ name: WireText, _ value: WireText, _ range: ClosedRange<Int>) throws(QueryError) -> Int {
            guard let number = Int(value.string), range.contains(number) else {
                throw QueryError(sentence: "\(name)= is a number from \(range.lowerBound) to \(range.upperBound).")
            }
            return number
        }

        private func word(_ name: WireText, _ value: WireText) throws(QueryError) -> Format {
            guard let format = Format(rawValue: value) else {
                throw QueryError(sentence: "format= is sse, ndjson or json.")
            }
            return format
        }

        private func wait(_ value: WireText) throws(QueryError) -> Int {
            if value == "0" { return 0 }
            guard let milliseconds = Quantity.milliseconds(value), milliseconds <= Limits.longPollMilliseconds else {
                throw QueryError(
                    sentence: "wait= is 0 or a time up to \(Limits.longPollMilliseconds / 1000)s, such as 25s.")
            }
            return milliseconds
        }

        /// A time as ISO 8601, as milliseconds since 1970, or as a span before now.
        private func time(_ name: WireText, _ value: WireText, _ now: WallTime) throws(QueryError) -> WallTime {
            if let time = ISOTime.time(value) { return time }
            if let time = Int64(value.string), time >= 0 { return WallTime(milliseconds: time) }
            if let span = Quantity.milliseconds(value) { return now - Int64(span) }
            throw QueryError(
                sentence:
                    "\(name)= is a time such as 2026-11-20T08:00:00Z, milliseconds since 1970, or a span such as 10m.")
        }
    }

    private static let known = [
        "room", "type", "source", "participant", "reconciled", "named", "snapshot", "presence", "lastEventId", "since",
        "tail", "limit", "wait", "format", "heartbeat", "refuse", "access_token", "ticket",
    ]
}
