internal import Access
internal import Events
internal import Fanout
internal import FrontDoor

/// Which streams the administrator's list shows: `user=`, `issuer=`, `after=`, `limit=`.
struct StreamListQuery: Sendable {
    var user: WireText?
    var issuer: WireText?
    /// The last id of the page before.
    var after: UInt64 = 0
    var limit = Limits.usualListedEntries

    init(_ request: HTTPRequest) throws(StreamQuery.Mistake) {
        for (name, value) in request.query {
            switch name {
            case "user": user = value
            case "issuer": issuer = value
            case "after":
                guard let id = UInt64(value.string) else {
                    throw StreamQuery.Mistake(sentence: "after= is the number of a stream.")
                }
                after = id
            case "limit": limit = try Self.limit(value)
            case "access_token": break
            default: throw StreamQuery.Mistake(sentence: "The parameters are user, issuer, after and limit.")
            }
        }
    }

    /// Whether the list shows a stream, but for the limit.
    func includes(_ entry: StreamEntry) -> Bool {
        entry.id > after && user.map { $0 == entry.principal.user } ?? true
            && issuer.map { $0 == entry.principal.issuer } ?? true
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
    /// What there is to tell of a stream of events.
    let report: StreamReport?
    let id: UInt64
    let principal: Principal
    let address: String
    let openedAt: WallTime
    let expiresAt: WallTime?

    init(report: StreamReport, address: String) {
        self.report = report
        self.address = address
        id = report.id
        principal = report.principal
        openedAt = report.openedAt
        expiresAt = report.expiresAt
    }

    /// A stream for diagnosis, which has no events.
    init(diagnostic id: UInt64, of identity: Identity, address: String, openedAt: WallTime) {
        report = nil
        self.id = id
        self.address = address
        self.openedAt = openedAt
        principal = identity.principal
        expiresAt = identity.expiresAt
    }

    func write(to writer: inout JSONWriter, now: WallTime) {
        writer.object { writer in
            writer.member("id", String(id))
            writer.member("user", principal.user)
            writer.member("issuer", principal.issuer)
            writer.member("address", address)
            if let report {
                writer.member("filter", report.filter.requested, participants: report.filter.participants)
                writer.member("granted", report.filter.granted)
                writer.member("format", report.format.encoding.rawValue)
                writer.member("raw", report.format.showsRaw)
                writer.member("state", report.standing.rawValue)
                writer.member("lagMs", report.lagMilliseconds)
            } else {
                writer.member("diagnostic", true)
            }
            writer.member("ageMs", max(0, now - openedAt))
            writer.member("expiresAt", time: expiresAt)
            if let report {
                writer.member("bytes", Int64(report.sentBytes))
                writer.member("events", Int64(report.sentEvents))
            }
        }
    }

    /// The page that all loops' parts come to.
    static func page(
        _ parts: [StreamAnswer], limit: Int, isComplete: Bool, now: WallTime
    ) -> HTTPResponse {
        let all = parts.flatMap { part in
            guard case .streams(let entries) = part else { return [StreamEntry]() }
            return entries
        }
        let shown = all.sorted { $0.id < $1.id }.prefix(limit)
        return .json { writer in
            writer.object { writer in
                writer.name("streams")
                writer.array { writer in for entry in shown { entry.write(to: &writer, now: now) } }
                // A full page may be the last one: the next one is empty then.
                if shown.count == limit, let last = shown.last { writer.member("after", String(last.id)) }
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
        var issuer: WireText?
        for (name, value) in request.query {
            switch name {
            case "user", "token":
                guard subject == nil, !value.isEmpty else {
                    throw StreamQuery.Mistake(sentence: "Either user= or token= can be given, with a value.")
                }
                subject = name == "user" ? .user(value) : .token(value)
            case "issuer": issuer = value
            case "after": after = value
            case "limit": limit = try StreamListQuery.limit(value)
            case "access_token": break
            default: throw StreamQuery.Mistake(sentence: "The parameters are user, token, issuer, after and limit.")
            }
        }
        guard let issuer else { return }
        guard let subject else {
            throw StreamQuery.Mistake(sentence: "issuer= goes with user= or token=: it says whose.")
        }
        self.subject = subject.of(issuer: issuer)
    }

    /// The answer, out of all that are in force, in their order.
    func page(_ entries: [Revocations.Entry]) -> HTTPResponse {
        var rest = entries[...]
        if let subject { rest = rest.filter { $0.subject == subject }[...] }
        if let after = after.flatMap(Self.subject) { rest = rest.drop { !after.precedes($0.subject) } }
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

    /// `user:eve`, `token:4711`; of one issuer with the length of the issuer's name, which may hold any character:
    /// `user@3:own:eve`.
    private static func name(_ subject: Revocations.Subject) -> String {
        func name(_ kind: String, _ text: WireText, _ issuer: WireText?) -> String {
            issuer.map { "\(kind)@\($0.byteCount):\($0):\(text)" } ?? "\(kind):\(text)"
        }
        switch subject {
        case .user(let user, let issuer): return name("user", user, issuer)
        case .token(let id, let issuer): return name("token", id, issuer)
        }
    }

    /// The entry that ``name(_:)`` names.
    private static func subject(_ name: WireText) -> Revocations.Subject? {
        let bytes = Array(name.utf8)
        func text(_ part: ArraySlice<UInt8>) -> WireText { WireText(decoding: part) }
        for (kind, isUser) in [("user", true), ("token", false)] where bytes.starts(with: kind.utf8) {
            func subject(_ name: WireText, _ issuer: WireText?) -> Revocations.Subject {
                isUser ? .user(name, issuer: issuer) : .token(name, issuer: issuer)
            }
            let rest = bytes.dropFirst(kind.utf8.count)
            if rest.first == UInt8(ascii: ":") { return subject(text(rest.dropFirst()), nil) }
            guard rest.first == UInt8(ascii: "@"), let colon = rest.firstIndex(of: UInt8(ascii: ":")),
                let count = Int(text(rest[(rest.startIndex + 1)..<colon]).string), count >= 0,
                count < bytes.count - colon - 1
            else { return nil }
            let issuer = rest[(colon + 1)...].prefix(count)
            return subject(text(rest[(issuer.endIndex + 1)...]), text(issuer))
        }
        return nil
    }
}

extension Revocations.Entry {
    /// Writes the members: whom, and until when, which is absent where it is until somebody lifts it.
    func write(to writer: inout JSONWriter) {
        switch subject {
        case .user(let user, let issuer):
            writer.member("user", user)
            writer.member("issuer", issuer)
        case .token(let id, let issuer):
            writer.member("token", id)
            writer.member("issuer", issuer)
        }
        if until != Revocations.untilLifted { writer.member("until", time: until) }
    }
}

/// The body of `POST /api/admin/revoke`: `user` or `token`, and perhaps `issuer`, and `until` or `ttl`.
struct RevokeOrder {
    let subject: Revocations.Subject
    let until: WallTime

    init(_ body: [UInt8], now: WallTime) throws(StreamQuery.Mistake) {
        guard let object = try? JSONReader.value(body).object else {
            throw StreamQuery.Mistake(sentence: #"The body is no JSON object, such as {"user":"eve"}."#)
        }
        guard object.members.allSatisfy({ ["user" as WireText, "token", "issuer", "until", "ttl"].contains($0.name) })
        else {
            throw StreamQuery.Mistake(sentence: "The members are user or token, issuer, and until or ttl.")
        }
        let named = try Self.subject(object)
        subject = try Self.issuer(object).map(named.of) ?? named
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

    /// Whose user or token it is; without it that of every issuer.
    private static func issuer(_ object: JSONObject) throws(StreamQuery.Mistake) -> WireText? {
        guard let member = object["issuer"] else { return nil }
        guard let issuer = member.string, (1...Limits.nameBytes).contains(issuer.byteCount) else {
            throw StreamQuery.Mistake(sentence: "issuer is the issuer's name, as the list of streams shows it.")
        }
        return issuer
    }

    private static func until(_ object: JSONObject, now: WallTime) throws(StreamQuery.Mistake) -> Int64 {
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
