internal import Access
internal import Webhooks
internal import Wire

/// One setting as it counts, without secrets, for people.
package struct EffectiveSetting: Sendable, Equatable {
    /// Its full name in the file.
    package let key: String
    /// Its value; of a secret only that there is one.
    package let value: String
    /// Where it came from.
    package let origin: SettingsOrigin
    /// What it is for, as half a sentence; empty where the key and the value say it.
    package let meaning: String
}

extension Settings: CustomStringConvertible {
    /// Every setting with its origin, secrets left out, in the order of the documentation.
    package var redacted: [EffectiveSetting] {
        let plain = Setting.all.map { effective($0.key, $0.show(self), meaning: $0.meaning) }
        let sources = sources.flatMap(redacted)
        let issuers = tokens.issuers.map {
            effective("\(IssuerReader.key).\($0.name)", $0.redacted, meaning: "whose tokens open streams")
        }
        return plain + sources + issuers
    }

    /// The redacted settings, one on each line.
    package var description: String {
        redacted.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
    }

    private func effective(
        _ key: String, _ value: String, under parent: String? = nil, meaning: String = ""
    ) -> EffectiveSetting {
        EffectiveSetting(key: key, value: value, origin: origins[parent ?? key] ?? .standard, meaning: meaning)
    }

    private func redacted(_ source: SourceSettings) -> [EffectiveSetting] {
        let key = "\(SourceReader.key).\(source.name)"
        var parts = ["provider \(source.provider)"]
        if !source.keys.isEmpty { parts.append("keys " + source.keys.keys.sorted().joined(separator: ", ")) }
        switch source.secrets.count {
        case 0: break
        case 1: parts.append("1 secret")
        case let count: parts.append("\(count) secrets")
        }
        let path = "\(pathPrefix)/webhooks/\(source.name)"
        let own = Providers.named(source.provider)?.plainOptions ?? []
        let plain = own.union(ProviderSettings.commonOptions)
        let reconcile = source.reconcile.map {
            effective(
                "\(key).\(ReconcileReader.name)", $0.shown, under: key, meaning: "where missed webhooks are asked for")
        }
        return [effective(key, parts.joined(separator: ", "), meaning: "who may post webhooks to \(path)")]
            + (reconcile.map { [$0] } ?? [])
            + source.options.sorted { $0.key < $1.key }.map { name, value in
                let isShown = plain.contains(name) || Self.isHarmless(value)
                return effective("\(key).\(name)", isShown ? value : "(hidden)", under: key)
            }
    }

    /// Whether an option's value can only be a number, a duration or a truth value. Any other may be a password
    /// unless its provider says otherwise.
    private static func isHarmless(_ value: String) -> Bool {
        ["true", "false"].contains(value) || Quantity.milliseconds(value) != nil
            || (Quantity.count(value) != nil && value.count < 8)
    }
}

extension SourceSettings: CustomStringConvertible {
    /// Name and provider: secrets stay out of logs.
    package var description: String { "\(name) (\(provider))" }
}

extension TokenSettingsFile: CustomStringConvertible {
    /// The issuers, and whether the providers' tokens count: secrets stay out of logs.
    package var description: String { "\(issuers), livekit \(livekit), daily \(!daily.isEmpty)" }
}

extension IssuerFile: CustomStringConvertible {
    /// Name and keys, without the secret.
    package var description: String { "\(name) (\(redacted))" }

    var redacted: String {
        var parts: [String] = []
        if hs256 != nil { parts.append("hs256 (hidden)") }
        if let jwksFile { parts.append("jwks_file \(jwksFile)") }
        if let jwksURL { parts.append("jwks_url \(jwksURL.prefix { $0 != "?" && $0 != "#" })") }
        if let jwksCAFile { parts.append("jwks_ca_file \(jwksCAFile)") }
        if !publicKeyFiles.isEmpty { parts.append("public_key_files \(publicKeyFiles.joined(separator: " "))") }
        if let issuer { parts.append("issuer \(issuer)") }
        if let audience { parts.append("audience \(audience)") }
        if !algorithms.isEmpty { parts.append("algorithms \(algorithms.map(\.rawValue).joined(separator: " "))") }
        parts += claims.sorted { $0.key < $1.key }.map { "\($0.key) at \($0.value)" }
        if !users { parts.append("users false") }
        if let sameAs { parts.append("same_as \(sameAs)") }
        if let defaultGrant { parts.append("default_grant \(DefaultGrantReader.text(defaultGrant))") }
        return parts.joined(separator: ", ")
    }
}
