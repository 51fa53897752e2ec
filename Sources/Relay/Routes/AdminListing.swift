internal import Access
internal import Events
internal import Fanout
internal import FrontDoor

/// Which streams the administrator's list shows: `user=`, `after=`, `limit=`.
struct StreamListQuery: Sendable {
    var user: WireText?
    /// The last id of the page before.
    var after: UInt64 = 0
    var limit = Limits.usualListedEntries

    init(_ request: HTTPRequest) throws(StreamQuery.Mistake) {
        for (name, value) in request.query {
            switch name {
            case "user": user = value
            case "after":
                guard let id = UInt64(value.string) else {
                    throw StreamQuery.Mistake(sentence: "after= is the number of a stream.")
                }
                after = id
            case "limit": limit = try Self.limit(value)
            case "access_token": break
            default: throw StreamQuery.Mistake(sentence: "The parameters are user, after and limit.")
            }
        }
    }

    static func limit(_ value: WireText) throws(StreamQuery.Mistake) -> Int {
        guard let number = Int(value.string), (1...Limits.listedEntries).contains(number) else {
            throw StreamQuery.Mistake(sentence: "limit= is a number from 1 to \(Limits.listedEntries).")
        }
        return number
    }
}

/// One stream in the administrator's list.
struct StreamEntry: Sendable {
    let report: StreamReport
    let address: String

    func write(to writer: inout JSONWriter, now: EpochMilliseconds) {
        writer.object { writer in
            writer.member("id", String(report.id))
            writer.member("user", report.user)
            writer.member("address", address)
            writer.member("filter", report.filter.requested, participants: report.filter.participants)
            writer.member("granted", report.filter.granted)
            writer.member("format", report.format.encoding.rawValue)
            writer.member("raw", report.format.showsRaw)
            writer.member("state", report.standing.rawValue)
            writer.member("lagMs", report.lagMilliseconds)
            writer.member("ageMs", max(0, now - report.openedAt))
            writer.member("expiresAt", time: report.expiresAt)
            writer.member("bytes", Int64(report.sentBytes))
            writer.member("events", Int64(report.sentEvents))
        }
    }

    /// The page that all loops' parts come to.
    static func page(
        _ parts: [StreamAnswer], limit: Int, isComplete: Bool, now: EpochMilliseconds
    ) -> HTTPResponse {
        let all = parts.flatMap { part in
            guard case .streams(let entries) = part else { return [StreamEntry]() }
            return entries
        }
        let shown = all.sorted { $0.report.id < $1.report.id }.prefix(limit)
        return .json { writer in
            writer.object { writer in
                writer.name("streams")
                writer.array { writer in for entry in shown { entry.write(to: &writer, now: now) } }
                // A full page may be the last one: the next one is empty then.
                if shown.count == limit, let last = shown.last { writer.member("after", String(last.report.id)) }
                writer.member("complete", isComplete)
            }
        }
    }
}

/// Which revocations the list shows: `user=` or `token=` for one, else `after=` and `limit=`.
struct RevocationListQuery {
    var subject: Revocations.Subject?
    /// The entry before the first, as the list names it: `user:eve`, `token:4711`.
    var after: WireText?
    var limit = Limits.usualListedEntries

    init(_ request: HTTPRequest) throws(StreamQuery.Mistake) {
        for (name, value) in request.query {
            switch name {
            case "user", "token":
                guard subject == nil, !value.isEmpty else {
                    throw StreamQuery.Mistake(sentence: "Either user= or token= can be given, with a value.")
                }
                subject = name == "user" ? .user(value) : .token(value)
            case "after": after = value
            case "limit": limit = try StreamListQuery.limit(value)
            case "access_token": break
            default: throw StreamQuery.Mistake(sentence: "The parameters are user, token, after and limit.")
            }
        }
    }

    /// The answer, out of all that are in force, in their order.
    func page(_ entries: [Revocations.Entry]) -> HTTPResponse {
        var rest = entries[...]
        if let subject { rest = rest.filter { $0.subject == subject }[...] }
        if let after { rest = rest.drop { !Self.follows($0.subject, after) } }
        let shown = rest.prefix(limit)
        return .json { writer in
            writer.object { writer in
                writer.name("revocations")
                writer.array { writer in
                    for entry in shown { writer.object { entry.write(to: &$0) } }
                }
                if shown.count < rest.count, let last = shown.last { writer.member("after", Self.name(last.subject)) }
            }
        }
    }

    private static func name(_ subject: Revocations.Subject) -> WireText {
        switch subject {
        case .user(let user): "user:\(user)"
        case .token(let id): "token:\(id)"
        }
    }

    /// Users come before tokens, each by name.
    private static func follows(_ subject: Revocations.Subject, _ after: WireText) -> Bool {
        switch subject {
        case .user(let user): after.hasPrefix("user:") && user > after.dropFirst(5)
        case .token(let id): after.hasPrefix("user:") || id > after.dropFirst(6)
        }
    }
}

extension Revocations.Entry {
    /// Writes the members: whom, and until when, which is absent where it is until somebody lifts it.
    func write(to writer: inout JSONWriter) {
        switch subject {
        case .user(let user): writer.member("user", user)
        case .token(let id): writer.member("token", id)
        }
        if until != Revocations.untilLifted { writer.member("until", time: until) }
    }
}

/// The body of `POST /api/admin/revoke`: `user` or `token`, and perhaps `until` or `ttl`.
struct RevokeOrder {
    let subject: Revocations.Subject
    let until: EpochMilliseconds

    init(_ body: [UInt8], now: EpochMilliseconds) throws(StreamQuery.Mistake) {
        guard let object = try? JSONReader.value(body).object else {
            throw StreamQuery.Mistake(sentence: #"The body is no JSON object, such as {"user":"eve"}."#)
        }
        guard object.members.allSatisfy({ ["user" as WireText, "token", "until", "ttl"].contains($0.name) }) else {
            throw StreamQuery.Mistake(sentence: "The members are user or token, and until or ttl.")
        }
        subject = try Self.subject(object)
        until = try Self.until(object, now: now)
    }

    private static func subject(_ object: JSONObject) throws(StreamQuery.Mistake) -> Revocations.Subject {
        let mistake = StreamQuery.Mistake(
            sentence: "Either user or token is needed, a text: the user's name, or the token's id (jti).")
        guard (object["user"] == nil) != (object["token"] == nil) else { throw mistake }
        guard let name = (object["user"] ?? object["token"])?.string, !name.isEmpty else { throw mistake }
        guard name.byteCount <= Limits.nameBytes else { throw mistake }
        // A whole token here, or what was left of one when it was copied, is a likely mistake, and would be kept in a
        // file and shown in lists and logs. All begin alike, since their heads are JSON objects.
        guard !(name.hasPrefix("eyJ") && name.contains(UInt8(ascii: "."))) else {
            throw StreamQuery.Mistake(sentence: "user takes a name, and token the token's id (jti): neither the token.")
        }
        return object["user"] == nil ? .token(name) : .user(name)
    }

    private static func until(_ object: JSONObject, now: EpochMilliseconds) throws(StreamQuery.Mistake) -> Int64 {
        switch (object["until"], object["ttl"]) {
        case (nil, nil): return Revocations.untilLifted
        case (let until?, nil):
            let time = until.integer ?? until.string.flatMap { ISOTime.milliseconds($0) }
            guard let time, time > now, time <= latest else { break }
            return time
        case (nil, let ttl?):
            let milliseconds = ttl.string.flatMap { Quantity.milliseconds($0) }
            guard let milliseconds, milliseconds > 0, Int64(milliseconds) <= latest - now else { break }
            return now + Int64(milliseconds)
        default: break
        }
        throw StreamQuery.Mistake(
            sentence:
                "until is a time to come, as 2026-11-20T08:00:00Z or milliseconds since 1970; ttl a span such as 24h."
        )
    }

    // The last second of the year 9999.
    private static let latest: Int64 = 253_402_300_799_000
}
