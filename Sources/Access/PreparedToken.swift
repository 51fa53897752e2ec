import Events
internal import Wire

/// A token that was read and not verified: nothing in it is believed yet.
package struct PreparedToken: Sendable {
    let parsed: CompactToken
    let header: TokenHeader
    let signers: [(TokenKind, KeyRing)]

    /// What verifying it takes from an address's budget, in microseconds; see ``VerificationBudget``.
    package var costMicroseconds: Int64 {
        guard let algorithm = header.algorithm else { return 0 }
        let count = signers.reduce(0) { $0 + $1.1.verifications(algorithm: algorithm, keyID: header.keyID) }
        return Int64(count)
            * (algorithm.isSymmetric ? Limits.symmetricVerificationMicroseconds : Limits.publicVerificationMicroseconds)
    }
}

extension SourceKey {
    /// The keys, each once, with the sources of all that are the same.
    static func merged(_ keys: [SourceKey]) -> [SourceKey] {
        var merged: [SourceKey] = []
        for key in keys {
            let twin = merged.firstIndex { $0.name == key.name && $0.secret == key.secret }
            guard let twin else {
                merged.append(key)
                continue
            }
            let sources = merged[twin].sources
            let others = key.sources.filter { !sources.contains($0) }
            merged[twin] = SourceKey(name: key.name, secret: key.secret, sources: sources + others)
        }
        return merged
    }
}

extension TokenSettings {
    /// The name that an issuer's users go by: that of the first issuer whose users they are. Two issuers have the same
    /// users if their tokens have the same `iss` and name users in the same claim, or if one says that it is the same
    /// as the other.
    func usersName(of issuer: IssuerSettings) -> WireText {
        if let name = issuer.sameAs {
            // The settings see to it that this one has users of its own, which may go by the name of a third.
            let twin = issuers.first { WireText($0.name) == WireText(name) && $0.sameAs == nil }
            return twin.map(usersName) ?? WireText(name)
        }
        guard let iss = issuer.issuer.map({ WireText($0) }) else { return WireText(issuer.name) }
        let first = issuers.first {
            $0.sameAs == nil && $0.issuer.map { WireText($0) } == iss
                && WireText($0.claims.user) == WireText(issuer.claims.user)
        }
        return WireText(first?.name ?? issuer.name)
    }
}
