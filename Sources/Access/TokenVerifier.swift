internal import Events
package import Wire

/// Turns a token into who it stands for, or says why not. All keys are held here, so that this neither waits nor
/// asks anybody.
package struct TokenVerifier: Sendable {
    private var issuers: [Issuer]
    private let livekit: [WireText: [(TokenKind, KeyRing)]]
    private let daily: [(TokenKind, KeyRing)]
    private let leeway: Int64
    private let requireExpiry: Bool

    /// A verifier with the keys of `settings`.
    package init(_ settings: TokenSettings) throws(TokenSettingsError) {
        var issuers: [Issuer] = []
        for issuer in settings.issuers {
            guard !issuers.contains(where: { $0.settings.name == issuer.name }) else {
                throw TokenSettingsError(issuer: issuer.name, setting: "name", problem: "two issuers have this name")
            }
            issuers.append(try Issuer(issuer, usersName: settings.usersName(of: issuer)))
        }
        var livekit: [WireText: [(TokenKind, KeyRing)]] = [:]
        for key in SourceKey.merged(settings.livekitKeys) {
            let kind = TokenKind.livekit(SourceIssuer(sources: key.sources, audience: settings.livekitAudience))
            let ring = KeyRing([try Self.secret(key.secret, of: Issuer.livekit)])
            livekit[key.name, default: []].append((kind, ring))
        }
        var daily: [(TokenKind, KeyRing)] = []
        for key in SourceKey.merged(settings.dailyKeys) {
            let kind = TokenKind.daily(SourceIssuer(sources: key.sources, audience: settings.dailyAudience))
            daily.append((kind, KeyRing([try Self.secret(key.secret, of: Issuer.daily)])))
        }
        self.issuers = issuers
        self.livekit = livekit
        self.daily = daily
        leeway = Int64(settings.leewayMilliseconds)
        requireExpiry = settings.requireExpiry
    }

    private static func secret(_ secret: WireText, of issuer: String) throws(TokenSettingsError) -> PinnedKey {
        do { return PinnedKey(.secret(try SharedSecret(secret.utf8))) } catch { throw error.of(issuer) }
    }

    /// The same verifier with other keys for one issuer, from a key set that has just been fetched. The algorithms
    /// stay those of the issuer's settings.
    /// - Parameters:
    ///   - issuer: the name in the settings.
    ///   - jwks: a JSON Web Key Set. If it cannot be used nothing changes.
    package func replacingKeys(of issuer: String, jwks: String) throws(TokenSettingsError) -> TokenVerifier {
        let algorithms = try issuers[index(of: issuer)].settings.algorithms
        let keys: PublicKeys
        do { keys = try PublicKeys.jwks(jwks, algorithms: algorithms) } catch { throw error.of(issuer) }
        return try replacingKeys(of: issuer, with: keys)
    }

    /// The same with keys that have been read already, with the algorithms of the issuer's settings.
    package func replacingKeys(of issuer: String, with keys: PublicKeys) throws(TokenSettingsError) -> TokenVerifier {
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
    package func identity(_ token: WireText, now: WallTime) throws(AccessRefusal) -> Identity {
        try identity(prepare(token), now: now)
    }

    /// Reads a token as far as no signature has to be computed: its shape, and which keys may have signed it.
    package func prepare(_ token: WireText) throws(AccessRefusal) -> PreparedToken {
        guard !token.isEmpty else { throw AccessRefusal(.missingToken, "There is no token in the request.") }
        guard let parsed = CompactToken(token.utf8) else {
            throw AccessRefusal(.malformedToken, "This is no JSON Web Token of three parts.")
        }
        let header = try TokenHeader(parsed.header)
        return PreparedToken(parsed: parsed, header: header, signers: try signers(of: parsed.claims))
    }

    /// Who a token stands for that has been prepared: the rest of ``identity(_:now:)``.
    package func identity(_ token: PreparedToken, now: WallTime) throws(AccessRefusal) -> Identity {
        let kind = try verified(token.parsed, token.header, by: token.signers)
        let claims = token.parsed.claims
        // LiveKit's webhooks carry a token with the hash of their body (lk/protocol webhook/verifier.go).
        guard claims["sha256"] == nil else {
            throw AccessRefusal(.wrongTokenKind, "The token signs a webhook; it opens no stream.", issuer: kind.name)
        }
        let end = try TokenTimes(claims).end(now: now, leeway: leeway, requireExpiry: requireExpiry)
        return Identity(
            user: try kind.user(claims), grant: try kind.grant(claims), expiresAt: end,
            tokenID: claims["jti"]?.string, issuer: kind.usersName, isAddressable: kind.isAddressable)
    }

    /// The name that the users of an issuer go by, which is another's where the two have the same users. An issuer
    /// that is not in the settings is taken by its name.
    package func usersName(ofIssuer name: WireText) -> WireText {
        if let issuer = issuers.first(where: { WireText($0.settings.name) == name }) { return issuer.usersName }
        let providers = livekit.values.flatMap { $0 } + daily
        let meant = providers.first { kind, _ in
            switch kind {
            case .issuer: false
            case .livekit(let issuer), .daily(let issuer): issuer.isMeant(by: name)
            }
        }
        return meant?.0.usersName ?? name
    }

    /// Whether there are issuers whose keys are fetched.
    package var awaitsKeys: Bool { issuers.contains { $0.settings.awaitsKeys } }

    /// The issuers whose keys would have to be fetched to judge `token`: it may be signed with a key that they have
    /// published since. Empty, and found out at little cost, for every token that can be judged now.
    ///
    /// Nothing of the token is believed yet: whoever makes up a key's id makes us fetch, so fetches are to be bounded.
    package func issuersToAsk(about token: WireText, now: WallTime) -> [String] {
        guard awaitsKeys, let parsed = CompactToken(token.utf8),
            let header = try? TokenHeader(parsed.header), let algorithm = header.algorithm,
            let signers = try? signers(of: parsed.claims)
        else { return [] }
        let lacking = signers.compactMap { kind, keys -> String? in
            guard case .issuer(let issuer) = kind, issuer.settings.awaitsKeys else { return nil }
            return keys.lacksKey(algorithm: algorithm, keyID: header.keyID) ? issuer.settings.name : nil
        }
        guard !lacking.isEmpty, isInTime(parsed.claims, now: now),
            (try? verified(parsed, header, by: signers)) == nil
        else { return [] }
        return lacking
    }

    /// A token that has expired is refused whatever its key.
    private func isInTime(_ claims: JSONObject, now: WallTime) -> Bool {
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
            if !daily.isEmpty, DailyToken.isLikely(claims) { return daily }
            return issuersAsking(for: nil)
        }
        guard let name = claim.string else { throw AccessRefusal(.malformedToken, "The token's iss is no text.") }
        let named = issuersAsking(for: name)
        if named.isEmpty, let keys = livekit[name] { return keys }
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
                .badSignature,
                "None of the keys that count for the token, by its iss, has signed it: compare the secret it was made "
                    + "with (the data folder, the settings file or ROOMWIRE_TOKEN_SECRET) with this relay's.",
                issuer: best?.issuer)
        case nil: throw AccessRefusal(.unknownIssuer, "No issuer in the settings has the token's iss.")
        }
    }
}
