import Events
internal import Wire

/// Reads user and grant out of the claims of own tokens and of other issuers', by the names that settings give.
///
/// Of the grant, absent `types` and `sources` do not limit, and absent `raw`, `admin` and `presence` do not allow. `rooms` must
/// be there, if only as `[]`: whoever forgot it shall hear so, and not get a stream with everything or nothing.
struct GrantClaims {
    let names: ClaimNames
    let defaultGrant: Grant?

    func user(_ claims: JSONObject) throws(AccessRefusal) -> WireText {
        guard let user = claims.value(at: WireText(names.user))?.string, !user.isEmpty else {
            throw AccessRefusal(.malformedToken, "The token names no user: \(names.user) is missing or no text.")
        }
        return user
    }

    func grant(_ claims: JSONObject) throws(AccessRefusal) -> Grant {
        let claim = claims.value(at: WireText(names.grant))
        guard claim == nil || claim?.object != nil else { throw malformed(names.grant, "an object") }
        let grant = GrantMembers(names: names, claims: claims, grant: claim?.object)
        guard let rooms = try patterns(grant["rooms"]) ?? defaultGrant?.scope.rooms else {
            throw AccessRefusal(
                .grantCoversNothing, "The token grants no rooms: it has no \(names.rooms ?? "\(names.grant).rooms").")
        }
        return Grant(
            scope: EventScope(
                rooms: rooms,
                types: try patterns(grant["types"]) ?? defaultGrant?.scope.types ?? .all,
                sources: try patterns(grant["sources"]) ?? defaultGrant?.scope.sources ?? .all),
            raw: try flag(grant["raw"]) ?? defaultGrant?.raw ?? false,
            admin: try flag(grant["admin"]) ?? defaultGrant?.admin ?? false,
            presence: try flag(grant["presence"]) ?? defaultGrant?.presence ?? false)
    }

    private func patterns(_ member: GrantMembers.Member) throws(AccessRefusal) -> PatternSet? {
        switch member.value {
        case nil: return nil
        case .string(let text): return try set([text], of: member)
        case .array(let elements):
            let texts = elements.compactMap(\.string)
            guard texts.count == elements.count else { throw malformed(member.path, "a list of texts") }
            return try set(texts, of: member)
        default: throw malformed(member.path, "a list of texts")
        }
    }

    private func set(_ texts: [WireText], of member: GrantMembers.Member) throws(AccessRefusal) -> PatternSet {
        do { return try PatternSet(checking: texts) } catch {
            throw AccessRefusal(.malformedToken, "The token's \(member.path) is out of bounds: \(error).")
        }
    }

    private func flag(_ member: GrantMembers.Member) throws(AccessRefusal) -> Bool? {
        guard let value = member.value else { return nil }
        guard let flag = value.bool else { throw malformed(member.path, "true or false") }
        return flag
    }

    private func malformed(_ path: String, _ expected: String) -> AccessRefusal {
        AccessRefusal(.malformedToken, "The token's \(path) is not \(expected).")
    }
}

/// The members of a grant, each in the claim that settings name for it, else in the grant's own claim.
private struct GrantMembers {
    struct Member {
        let path: String
        let value: JSONValue?
    }

    let names: ClaimNames
    let claims: JSONObject
    let grant: JSONObject?

    subscript(name: String) -> Member {
        if let path = mapped(name) { return Member(path: path, value: claims.value(at: WireText(path))) }
        return Member(path: "\(names.grant).\(name)", value: grant?[WireText(name)])
    }

    private func mapped(_ name: String) -> String? {
        switch name {
        case "rooms": names.rooms
        case "types": names.types
        case "sources": names.sources
        case "raw": names.raw
        case "presence": names.presence
        default: names.admin
        }
    }
}

extension JSONObject {
    /// The value at a path of names with dots between them. A name may itself hold dots: the longest that is
    /// there is taken first.
    func value(at path: WireText) -> JSONValue? {
        if let value = self[path] { return value }
        var end = path.utf8.endIndex
        while let dot = path.utf8[..<end].lastIndex(of: UInt8(ascii: ".")) {
            let rest = WireText(decoding: path.utf8[dot...].dropFirst())
            if let value = self[WireText(decoding: path.utf8[..<dot])]?.object?.value(at: rest) { return value }
            end = dot
        }
        return nil
    }
}
