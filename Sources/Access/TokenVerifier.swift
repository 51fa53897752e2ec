public import Events

/// Turns a token into who it stands for, or says why not. All keys are held here, so that this neither waits nor
/// asks anybody.
public struct TokenVerifier: Sendable {
    private var issuers: [Issuer]
    private let livekit: [WireText: KeyRing]
    private let daily: KeyRing?
    private let leeway: EpochMilliseconds
    private let requireExpiry: Bool

    /// A verifier with the keys of `settings`.
    public static func make(_ settings: TokenSettings) async throws(TokenSettingsError) -> TokenVerifier {
        try await TokenVerifier(settings)
    }

    private init(_ settings: TokenSettings) async throws(TokenSettingsError) {
        var issuers: [Issuer] = []
        for issuer in settings.issuers {
            guard !issuers.contains(where: { $0.settings.name == issuer.name }) else {
                throw TokenSettingsError(issuer: issuer.name, setting: "name", problem: "two issuers have this name")
            }
            issuers.append(try await Issuer(issuer))
        }
        var livekit: [WireText: KeyRing] = [:]
        for (name, secret) in settings.livekitKeys {
            livekit[WireText(name)] = KeyRing([try await Self.secret(secret, of: Issuer.livekit)])
        }
        var daily: [PinnedKey] = []
        for secret in settings.dailyKeys { daily.append(try await Self.secret(secret, of: Issuer.daily)) }
        self.issuers = issuers
        self.livekit = livekit
        self.daily = daily.isEmpty ? nil : KeyRing(daily)
        leeway = EpochMilliseconds(settings.leewayMilliseconds)
        requireExpiry = settings.requireExpiry
    }

    private static func secret(_ secret: String, of issuer: String) async throws(TokenSettingsError) -> PinnedKey {
        do { return try await PinnedKey.secret(secret) } catch { throw error.of(issuer) }
    }

    /// The same verifier with other keys for one issuer, from a key set that has just been fetched. The algorithms
    /// stay those of the issuer's settings.
    /// - Parameters:
    ///   - issuer: the name in the settings.
    ///   - jwks: a JSON Web Key Set. If it cannot be used nothing changes.
    public func replacingKeys(of issuer: String, jwks: String) async throws(TokenSettingsError) -> TokenVerifier {
        let algorithms = try issuers[index(of: issuer)].settings.algorithms
        let keys: PublicKeys
        do { keys = try await PublicKeys.jwks(jwks, algorithms: algorithms) } catch { throw error.of(issuer) }
        return try replacingKeys(of: issuer, with: keys)
    }

    /// The same with keys that have been read already, with the algorithms of the issuer's settings.
    public func replacingKeys(of issuer: String, with keys: PublicKeys) throws(TokenSettingsError) -> TokenVerifier {
        var changed = self
        try changed.issuers[index(of: issuer)].replaceKeys(with: keys)
        return changed
    }

    private func index(of issuer: String) throws(TokenSettingsError) -> Int {
        guard let index = issuers.firstIndex(where: { $0.settings.name == issuer }) else {
            throw TokenSettingsError(issuer: issuer, setting: "name", problem: "no such issuer")
        }
        return index
    }

    /// Who `token` stands for.
    ///
    /// The order is fixed: shape, then whose it is, then the signature, and only then what it says.
    /// - Parameter now: the clock to verify with.
    public func identity(_ token: WireText, now: EpochMilliseconds) throws(AccessRefusal) -> Identity {
        guard !token.isEmpty else { throw AccessRefusal(.missingToken, "There is no token in the request.") }
        guard let parsed = CompactToken(token.utf8) else {
            throw AccessRefusal(.malformedToken, "This is no JSON Web Token of three parts.")
        }
        let header = try TokenHeader(parsed.header)
        let kind = try verified(parsed, header, by: signers(of: parsed.claims))
        let claims = parsed.claims
        // LiveKit's webhooks carry a token with the hash of their body (lk/protocol webhook/verifier.go).
        guard claims["sha256"] == nil else {
            throw AccessRefusal(.wrongTokenKind, "The token signs a webhook; it opens no stream.", issuer: kind.name)
        }
        let end = try TokenTimes(claims).end(now: now, leeway: leeway, requireExpiry: requireExpiry)
        return Identity(
            user: try kind.user(claims), grant: try kind.grant(claims), expiresAt: end,
            tokenID: claims["jti"]?.string, issuer: kind.name)
    }

    /// Whether there are issuers whose keys are fetched.
    public var awaitsKeys: Bool { issuers.contains { $0.settings.awaitsKeys } }

    /// The issuers whose keys would have to be fetched to judge `token`: it may be signed with a key that they have
    /// published since. Empty, and found out at little cost, for every token that can be judged now.
    ///
    /// Nothing of the token is believed yet: whoever makes up a key's id makes us fetch, so fetches are to be bounded.
    public func issuersToAsk(about token: WireText, now: EpochMilliseconds) -> [String] {
        guard awaitsKeys, let parsed = CompactToken(token.utf8),
            let header = try? TokenHeader(parsed.header), let signers = try? signers(of: parsed.claims)
        else { return [] }
        let lacking = signers.compactMap { kind, keys -> String? in
            guard case .issuer(let issuer) = kind, issuer.settings.awaitsKeys else { return nil }
            return keys.lacksKey(algorithm: header.algorithm, keyID: header.keyID) ? issuer.settings.name : nil
        }
        guard !lacking.isEmpty, isInTime(parsed.claims, now: now),
            (try? verified(parsed, header, by: signers)) == nil
        else { return [] }
        return lacking
    }

    /// A token that has expired is refused whatever its key.
    private func isInTime(_ claims: JSONObject, now: EpochMilliseconds) -> Bool {
        do {
            _ = try TokenTimes(claims).end(now: now, leeway: leeway, requireExpiry: requireExpiry)
            return true
        } catch { return false }
    }

    /// Those whose key may have signed the token.
    ///
    /// `iss` leads to the keys that may have: an issuer of that name, else the LiveKit key of that name, else the
    /// issuers that ask for no name. It opens nothing by itself.
    private func signers(of claims: JSONObject) throws(AccessRefusal) -> [(TokenKind, KeyRing)] {
        guard let claim = claims["iss"] else {
            if let daily, DailyToken.isLikely(claims) { return [(.daily, daily)] }
            return issuersAsking(for: nil)
        }
        guard let name = claim.string else { throw AccessRefusal(.malformedToken, "The token's iss is no text.") }
        let named = issuersAsking(for: name)
        if named.isEmpty, let key = livekit[name] { return [(.livekit, key)] }
        return named.isEmpty ? issuersAsking(for: nil) : named
    }

    private func issuersAsking(for name: WireText?) -> [(TokenKind, KeyRing)] {
        issuers.filter { $0.settings.issuer.map { WireText($0) } == name }.map { (.issuer($0), $0.keys) }
    }

    private func verified(
        _ token: CompactToken, _ header: TokenHeader, by signers: [(TokenKind, KeyRing)]
    ) throws(AccessRefusal) -> TokenKind {
        var best: (outcome: KeyRing.Outcome, issuer: String)?
        for (kind, keys) in signers {
            let outcome = keys.check(token, algorithm: header.algorithm, keyID: header.keyID)
            if outcome == .verified { return kind }
            if best.map({ outcome > $0.outcome }) ?? true { best = (outcome, kind.name) }
        }
        switch best?.outcome {
        case .algorithmNotAllowed:
            throw AccessRefusal(
                .algorithmNotAllowed, "The issuer's keys are not used with the token's alg.", issuer: best?.issuer)
        case .unknownKey:
            throw AccessRefusal(.unknownKey, "The issuer has no key with the token's kid.", issuer: best?.issuer)
        case .badSignature, .verified:
            throw AccessRefusal(
                .badSignature, "None of the keys that count for the token, by its iss, has signed it.",
                issuer: best?.issuer)
        case nil: throw AccessRefusal(.unknownIssuer, "No issuer in the settings has the token's iss.")
        }
    }
}
