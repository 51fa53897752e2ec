import Events

/// A token that was read and not verified: nothing in it is believed yet.
public struct PreparedToken: Sendable {
    let parsed: CompactToken
    let header: TokenHeader
    let signers: [(TokenKind, KeyRing)]

    /// What verifying it takes from an address's budget, in microseconds; see ``VerificationBudget``.
    public var costMicroseconds: Int64 {
        let count = signers.reduce(0) {
            $0 + $1.1.verifications(algorithm: header.algorithm, keyID: header.keyID)
        }
        let isSymmetric = header.algorithm.utf8.starts(with: "HS".utf8)
        return Int64(count)
            * (isSymmetric ? Limits.symmetricVerificationMicroseconds : Limits.publicVerificationMicroseconds)
    }
}

extension SourceKey {
    /// The keys, each once, with the sources of all that are the same.
    static func merged(_ keys: [SourceKey]) -> [SourceKey] {
        var merged: [SourceKey] = []
        for key in keys {
            let twin = merged.firstIndex {
                $0.name.hasSameBytes(as: key.name) && $0.secret.hasSameBytes(as: key.secret)
            }
            guard let twin else {
                merged.append(key)
                continue
            }
            let sources = merged[twin].sources
            let others = key.sources.filter { name in !sources.contains { $0.hasSameBytes(as: name) } }
            merged[twin] = SourceKey(name: key.name, secret: key.secret, sources: sources + others)
        }
        return merged
    }
}

extension TokenSettings {
    /// The name that an issuer's users go by: that of the first issuer whose users they are. Two issuers have the same
    /// users if their tokens have the same `iss` and name users in the same claim, or if one says that it is the same
    /// as the other.
    func usersName(of issuer: IssuerSettings) -> String {
        if let name = issuer.sameAs { return name }
        guard let iss = issuer.issuer else { return issuer.name }
        let first = issuers.first {
            $0.sameAs == nil && $0.issuer.map(iss.hasSameBytes) == true
                && $0.claims.user.hasSameBytes(as: issuer.claims.user)
        }
        return first?.name ?? issuer.name
    }
}
