import Events
internal import Wire

/// The keys of one issuer, and the choice among them for a token.
struct KeyRing: Sendable {
    /// What comes of trying a token, from the least that is known about it to the most.
    enum Outcome: Int, Comparable {
        case algorithmNotAllowed, unknownKey, badSignature, verified

        static func < (left: Outcome, right: Outcome) -> Bool { left.rawValue < right.rawValue }
    }

    private let keys: [PinnedKey]
    private let algorithms: Set<SignatureAlgorithm>

    /// A ring of `keys`.
    /// - Parameter algorithms: those that further keys of the issuer may have; empty if there will be none.
    init(_ keys: [PinnedKey], algorithms: [SignatureAlgorithm] = []) {
        self.keys = keys
        self.algorithms = Set(algorithms + keys.map(\.algorithm))
    }

    /// Tries the keys that may have signed the token.
    /// - Parameter algorithm: what its header names; nil for one that no key has.
    func check(_ token: CompactToken, algorithm: SignatureAlgorithm?, keyID: WireText?) -> Outcome {
        guard let algorithm, algorithms.contains(algorithm) else { return .algorithmNotAllowed }
        let candidates = candidates(algorithm: algorithm, keyID: keyID)
        guard !candidates.isEmpty else { return .unknownKey }
        let verified = candidates.contains { $0.verifies(token.signature, over: token.signedBytes) }
        return verified ? .verified : .badSignature
    }

    /// How many signatures ``check(_:algorithm:keyID:)`` would compute at most.
    func verifications(algorithm: SignatureAlgorithm, keyID: WireText?) -> Int {
        candidates(algorithm: algorithm, keyID: keyID).count
    }

    /// Whether the token may have been signed with a key of this issuer that is not here.
    func lacksKey(algorithm: SignatureAlgorithm, keyID: WireText?) -> Bool {
        algorithms.contains(algorithm) && candidates(algorithm: algorithm, keyID: keyID).isEmpty
    }

    /// A key's id binds it: a token that names another id is not its. A key without id takes every token, and a
    /// token without id every such key, or the only one there is of its algorithm.
    private func candidates(algorithm: SignatureAlgorithm, keyID: WireText?) -> [PinnedKey] {
        let fitting = keys.filter { $0.algorithm == algorithm }
        if let keyID {
            let named = fitting.filter { $0.keyID == keyID }
            if !named.isEmpty { return named }
        } else if fitting.count == 1 {
            return fitting
        }
        return fitting.filter { $0.keyID == nil }
    }
}
