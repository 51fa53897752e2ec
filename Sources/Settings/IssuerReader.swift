internal import Access
internal import Events
internal import Fetch
internal import Wire
internal import Yams

/// Reads `tokens.issuers`: a list, each with a name, one kind of keys, and what its claims must be.
package enum IssuerReader {
    /// The setting that lists the issuers.
    package static let key = "tokens.issuers"
    private static let keyKinds = ["hs256", "jwks_file", "jwks_url", "public_key_files"]
    private static let names =
        [
            "name", "issuer", "audience", "algorithms", "claims", "default_grant", "jwks_ca_file", "users", "same_as",
        ] + keyKinds
    /// The words of ours whose place in a token can be chosen.
    private static let claims = ["user", "grant", "rooms", "types", "sources", "raw", "admin", "presence"]

    static func read(_ section: SettingsReader.Member, into reader: inout SettingsReader) {
        if section.value.isNothing { return }
        guard let nodes = section.value.sequence else {
            return reader.report(section.mark, key, "a list should stand here, not \(section.value.kind)")
        }
        for node in nodes {
            let before = reader.problems.count
            var issuer = IssuerFile(name: "")
            for member in reader.mapping(node, key: key) { read(member, &issuer, &reader) }
            if reader.problems.count == before { finish(issuer, node, &reader) }
        }
    }

    private static func read(
        _ member: SettingsReader.Member, _ issuer: inout IssuerFile, _ reader: inout SettingsReader
    ) {
        func text() -> String? { reader.text(member.value, key: member.key) }
        switch member.name {
        case "name": issuer.name = text() ?? ""
        case "hs256": issuer.hs256 = text()
        case "jwks_url": issuer.jwksURL = text()
        case "jwks_ca_file": issuer.jwksCAFile = text()
        case "issuer": issuer.issuer = text()
        case "audience": issuer.audience = text()
        case "jwks_file": issuer.jwksFile = text()
        case "public_key_files": issuer.publicKeyFiles = reader.texts(member.value, key: member.key)
        case "algorithms": issuer.algorithms = algorithms(member, &reader)
        case "claims": issuer.claims = claims(member, &reader)
        case "users": issuer.users = truth(member, &reader) ?? true
        case "same_as": issuer.sameAs = text()
        case "default_grant": issuer.defaultGrant = DefaultGrantReader.read(member, &reader)
        default:
            let near = Suggestion.nearest(to: member.name, of: names).map { "; did you mean \($0)?" } ?? ""
            reader.report(member.mark, member.key, "unknown key" + near)
        }
    }

    private static func truth(_ member: SettingsReader.Member, _ reader: inout SettingsReader) -> Bool? {
        guard let text = reader.text(member.value, key: member.key) else { return nil }
        do { return try Setting.truth(text) } catch {
            reader.report(member.mark, member.key, error.sentence)
            return nil
        }
    }

    private static func algorithms(
        _ member: SettingsReader.Member, _ reader: inout SettingsReader
    ) -> [SignatureAlgorithm] {
        reader.texts(member.value, key: member.key).compactMap { name in
            let algorithm = SignatureAlgorithm(WireText(name))
            if algorithm == nil {
                let known = SignatureAlgorithm.allCases.map(\.rawValue)
                reader.report(member.mark, member.key, BadValue.notOneOf(known, name).sentence)
            }
            return algorithm
        }
    }

    private static func claims(_ member: SettingsReader.Member, _ reader: inout SettingsReader) -> [String: String] {
        var places: [String: String] = [:]
        for claim in reader.mapping(member.value, key: member.key) {
            if claims.contains(claim.name) {
                places[claim.name] = reader.text(claim.value, key: claim.key)
            } else {
                reader.report(claim.mark, claim.key, BadValue.notOneOf(claims, claim.name).sentence)
            }
        }
        return places
    }

    private static func finish(_ issuer: IssuerFile, _ node: Node, _ reader: inout SettingsReader) {
        if let sentence = fault(issuer) {
            reader.report(node.mark, issuer.name.isEmpty ? key : "\(key).\(issuer.name)", sentence)
        } else if reader.settings.tokens.issuers.contains(where: { $0.name == issuer.name }) {
            reader.report(node.mark, key, "there is an issuer named \(issuer.name) already")
        } else {
            reader.settings.tokens.issuers.append(issuer)
            reader.settings.origins["\(key).\(issuer.name)"] = reader.origin(node.mark)
        }
    }

    private static func fault(_ issuer: IssuerFile) -> String? {
        if issuer.name.isEmpty { return "an issuer needs a name" }
        if issuer.name.utf8.starts(with: IssuerSettings.sourcePrefix.utf8) {
            return "names that begin with \(IssuerSettings.sourcePrefix) are those of sources as issuers"
        }
        let kinds = [issuer.hs256, issuer.jwksFile, issuer.jwksURL, issuer.publicKeyFiles.first].filter { $0 != nil }
        if kinds.count != 1 { return "an issuer needs just one of \(keyKinds.joined(separator: ", "))" }
        if let secret = issuer.hs256 { return shortSecret(secret) }
        if issuer.jwksCAFile != nil, issuer.jwksURL == nil { return "jwks_ca_file is for a jwks_url" }
        if let url = issuer.jwksURL {
            do { _ = try WebAddress(url) } catch { return "jwks_url \(error.problem)" }
        }
        return nil
    }

    /// Why a secret does not do; nil if it does.
    static func shortSecret(_ secret: String) -> String? {
        let bytes = secret.utf8.count
        guard bytes < Limits.tokenSecretBytes else { return nil }
        let least = Limits.tokenSecretBytes
        return "the secret has \(bytes) bytes and needs at least \(least); openssl rand -hex 32 makes one"
    }
}
