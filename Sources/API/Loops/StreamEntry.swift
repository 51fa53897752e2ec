internal import Access
internal import Events
internal import Fanout
internal import FrontDoor
internal import Wire

/// The query of `GET /api/admin/streams`: `user=`, `issuer=`, `after=`, `limit=`.
package struct StreamListQuery: Sendable {
    var user: WireText?
    var issuer: WireText?
    /// The last id of the previous page.
    var after: UInt64 = 0
    var limit = Limits.usualListedEntries

    init(_ request: HTTPRequest) throws(QueryError) {
        for (name, value) in request.query {
            switch name {
            case "user": user = value
            case "issuer": issuer = value
            case "after":
                guard let id = UInt64(value.string) else {
                    throw QueryError.inRequest("after= is the number of a stream.")
                }
                after = id
            case "limit": limit = try Self.limit(value)
            case "access_token": break
            default: throw QueryError.inRequest("The parameters are user, issuer, after and limit.")
            }
        }
    }

    /// True if the list shows this stream. The limit is not considered.
    func includes(_ entry: StreamEntry) -> Bool {
        entry.id > after && user.map { $0 == entry.principal.user } ?? true
            && issuer.map { $0 == entry.principal.issuer } ?? true
    }

    static func limit(_ value: WireText) throws(QueryError) -> Int {
        guard let number = Int(value.string), (1...Limits.listedEntries).contains(number) else {
            throw QueryError.inRequest("limit= is a number from 1 to \(Limits.listedEntries).")
        }
        return number
    }
}

/// One stream in the administrator's list.
package struct StreamEntry: Sendable {
    /// The hub's report; nil for a stream for diagnosis.
    let report: StreamReport?
    let id: UInt64
    let principal: Principal
    let address: String
    let openedAt: WallTime
    let expiresAt: WallTime?
    /// The rooms of which the stream makes its user a member.
    let presence: [WireText]

    init(_ report: StreamReport, presence: [WireText]) {
        self.report = report
        self.presence = presence
        address = report.address
        id = report.id
        principal = report.principal
        openedAt = report.openedAt
        expiresAt = report.expiresAt
    }

    /// An entry for a stream for diagnosis.
    init(diagnostic id: UInt64, of identity: Identity, address: String, openedAt: WallTime) {
        report = nil
        presence = []
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
                writer.member("filter", requestedBy: report.filter)
                writer.member("granted", report.filter.granted)
                writer.member("format", report.format.encoding.rawValue)
                writer.member("raw", report.format.showsRaw)
                writer.member("state", report.standing.rawValue)
                writer.member("lagMs", report.lagMilliseconds)
                if !presence.isEmpty {
                    writer.name("presence")
                    writer.array { writer in for room in presence { writer.string(room) } }
                }
            } else {
                writer.member("diagnostic", true)
            }
            writer.member("ageMs", max(0, now - openedAt))
            writer.member("expiresAt", time: expiresAt)
            if let report {
                writer.member("bytes", Int64(report.sentBytes))
                writer.member("events", Int64(report.sentEvents))
                if report.ephemeralWaiting > 0 { writer.member("ephemeralWaiting", Int64(report.ephemeralWaiting)) }
            }
        }
    }
}
