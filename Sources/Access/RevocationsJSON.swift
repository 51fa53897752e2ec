internal import Events
internal import Wire

/// A user's name or a token's id, of one issuer or of any, as the key of a table.
struct RevokedName: Sendable, Hashable, Comparable {
    let name: WireText
    let issuer: WireText?

    init(_ name: WireText, of issuer: WireText?) {
        self.name = name
        self.issuer = issuer
    }

    /// By the bytes of the name, then of the issuer; that of any issuer comes first.
    static func < (left: RevokedName, right: RevokedName) -> Bool {
        guard left.name == right.name else { return left.name < right.name }
        guard let issuer = right.issuer else { return false }
        return left.issuer.map { $0 < issuer } ?? true
    }
}

extension Revocations {
    private typealias Table = [RevokedName: WallTime]

    /// The revocations as JSON, sorted, for keeping across a restart:
    /// `{"users":{"ada":1795205786000},"tokens":{}}`, with the times in epoch milliseconds; ``untilLifted`` is the
    /// largest number of 64 bits. Where some are of one issuer alone, those stand in
    /// `"issuers":{"own":{"users":{},"tokens":{}}}`.
    package var json: [UInt8] {
        let (users, tokenIDs) = tables
        let issuers = Set((Array(users.keys) + Array(tokenIDs.keys)).compactMap(\.issuer))
        return JSONWriter.bytes { writer in
            writer.object { writer in
                Self.write(users, tokenIDs, of: nil, to: &writer)
                guard !issuers.isEmpty else { return }
                writer.member("issuers") { writer in
                    for issuer in issuers.sorted() {
                        writer.member(issuer.string) { Self.write(users, tokenIDs, of: issuer, to: &$0) }
                    }
                }
            }
        }
    }

    private static func write(_ users: Table, _ tokenIDs: Table, of issuer: WireText?, to writer: inout JSONWriter) {
        for (name, table) in [("users", users), ("tokens", tokenIDs)] {
            writer.member(name) { writer in
                let own = table.filter { $0.key.issuer == issuer }.sorted { $0.key < $1.key }
                for (key, until) in own { writer.member(key.name, .integer(until.milliseconds)) }
            }
        }
    }

    /// Reads what ``json`` gave; nil for anything else, for to start with fewer revocations than there were would
    /// let somebody in.
    package init?(json: some Sequence<UInt8>) {
        guard let object = try? JSONReader.value(json).object else { return nil }
        var users: Table = [:]
        var tokenIDs: Table = [:]
        func read(_ object: JSONObject, of issuer: WireText?) -> Bool {
            Self.read(object["users"], of: issuer, into: &users)
                && Self.read(object["tokens"], of: issuer, into: &tokenIDs)
        }
        guard read(object, of: nil) else { return nil }
        if let issuers = object["issuers"] {
            guard let members = issuers.object?.members else { return nil }
            for member in members {
                guard let object = member.value.object, read(object, of: member.name) else { return nil }
            }
        }
        self.init(users: users, tokenIDs: tokenIDs)
    }

    private static func read(_ value: JSONValue?, of issuer: WireText?, into table: inout Table) -> Bool {
        guard let members = value?.object?.members else { return false }
        for member in members {
            guard case .integer(let until) = member.value else { return false }
            table[RevokedName(member.name, of: issuer)] = WallTime(milliseconds: until)
        }
        return true
    }
}
