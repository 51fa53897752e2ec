internal import Access
internal import Events
internal import FrontDoor
internal import Wire

/// The query of `/api/admin/revocations`: `user=` or `token=` for one revocation, else `after=` and `limit=`.
struct RevocationListQuery {
    var subject: Revocations.Subject?
    /// The last entry of the previous page: `user:eve`, `token:4711`.
    var after: WireText?
    var limit = Limits.usualListedEntries

    init(_ request: HTTPRequest) throws(QueryError) {
        var issuer: WireText?
        for (name, value) in request.query {
            switch name {
            case "user", "token":
                guard subject == nil, !value.isEmpty else {
                    throw QueryError.inRequest("Either user= or token= can be given, with a value.")
                }
                subject = name == "user" ? .user(value) : .token(value)
            case "issuer": issuer = value
            case "after": after = value
            case "limit": limit = try StreamListQuery.limit(value)
            case "access_token": break
            default: throw QueryError.inRequest("The parameters are user, token, issuer, after and limit.")
            }
        }
        guard let issuer else { return }
        guard let subject else {
            throw QueryError.inRequest("issuer= goes with user= or token=: it says whose.")
        }
        self.subject = subject.of(issuer: issuer)
    }

    /// The answer.
    /// - Parameter entries: all revocations in force, sorted.
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

    /// An entry's name for `after=`: `user:eve`, `token:4711`. For the users of one issuer it has the length of the
    /// issuer's name, which may contain any character: `user@3:own:eve`.
    private static func name(_ subject: Revocations.Subject) -> String {
        func name(_ kind: String, _ text: WireText, _ issuer: WireText?) -> String {
            issuer.map { "\(kind)@\($0.byteCount):\($0):\(text)" } ?? "\(kind):\(text)"
        }
        switch subject {
        case .user(let user, let issuer): return name("user", user, issuer)
        case .token(let id, let issuer): return name("token", id, issuer)
        }
    }

    /// The reverse of ``name(_:)``; nil if the text is no such name.
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
    /// Writes the members: the user or token, and `until`, which is absent if the revocation has no end.
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
