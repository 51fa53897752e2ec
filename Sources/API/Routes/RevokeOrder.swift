internal import Access
internal import Events
internal import Wire

/// The body of `POST /api/admin/revoke`: `user` or `token`, optionally `issuer`, and optionally `until` or `ttl`.
struct RevokeOrder {
    let subject: Revocations.Subject
    let until: WallTime

    init(_ body: [UInt8], now: WallTime) throws(QueryError) {
        guard let object = try? JSONReader.value(body).object else {
            throw QueryError.inRequest(#"The body is no JSON object, such as {"user":"eve"}."#)
        }
        guard object.members.allSatisfy({ ["user" as WireText, "token", "issuer", "until", "ttl"].contains($0.name) })
        else {
            throw QueryError.inRequest("The members are user or token, issuer, and until or ttl.")
        }
        let named = try Self.subject(object)
        subject = try Self.issuer(object).map(named.of) ?? named
        until = try Self.until(object, now: now)
    }

    private static func subject(_ object: JSONObject) throws(QueryError) -> Revocations.Subject {
        let error = QueryError.inRequest(
            "Either user or token is needed, a text: the user's name, or the token's id (jti).")
        guard (object["user"] == nil) != (object["token"] == nil) else { throw error }
        guard let name = (object["user"] ?? object["token"])?.string, !name.isEmpty else { throw error }
        guard name.byteCount <= Limits.nameBytes else { throw error }
        // An administrator may paste a whole token, or a part of one. It would be stored in a file and shown in lists
        // and logs, so it is refused. All tokens begin alike, since their heads are JSON objects.
        guard !(name.hasPrefix("eyJ") && name.contains(UInt8(ascii: "."))) else {
            throw QueryError.inRequest("user takes a name, and token the token's id (jti): neither the token.")
        }
        return object["user"] == nil ? .token(name) : .user(name)
    }

    /// The issuer of the user or token; nil for all issuers.
    private static func issuer(_ object: JSONObject) throws(QueryError) -> WireText? {
        guard let member = object["issuer"] else { return nil }
        guard let issuer = member.string, (1...Limits.nameBytes).contains(issuer.byteCount) else {
            throw QueryError.inRequest("issuer is the issuer's name, as the list of streams shows it.")
        }
        return issuer
    }

    private static func until(_ object: JSONObject, now: WallTime) throws(QueryError) -> WallTime {
        switch (object["until"], object["ttl"]) {
        case (nil, nil): return Revocations.untilLifted
        case (let until?, nil):
            let time = until.integer.map(WallTime.init) ?? until.string.flatMap { ISOTime.time($0) }
            guard let time, time > now, time <= latest else { break }
            return time
        case (nil, let ttl?):
            let milliseconds = ttl.string.flatMap { Quantity.milliseconds($0) }
            guard let milliseconds, milliseconds > 0, Int64(milliseconds) <= latest - now else { break }
            return now + Int64(milliseconds)
        default: break
        }
        throw QueryError.inRequest(
            "until is a time to come, as 2026-11-20T08:00:00Z or milliseconds since 1970; ttl a span such as 24h."
        )
    }

    // The last second of the year 9999.
    private static let latest = WallTime(milliseconds: 253_402_300_799_000)
}
