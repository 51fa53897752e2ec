internal import Events
internal import Platform
internal import Webhooks
internal import Wire
internal import Yams

extension Settings {
    /// Secrets in a file that every user of the machine can read.
    var readableFileWarnings: [String] {
        let files = Set(
            origins.values.compactMap { origin -> String? in
                if case .file(let path, _) = origin { path } else { nil }
            })
        return files.sorted().compactMap { path in
            guard let permissions = System.permissions(of: path), permissions & 0o004 != 0,
                let root = try? SettingsFile.read(path), SecretSearch.holdsSecret(root)
            else { return nil }
            return
                "\(path) holds secrets, and every user of this machine can read it: chmod o-r it, or take them "
                + "from the environment as ${NAME}"
        }
    }

    /// Secrets that can be guessed, one line for each source and what is wrong with its secrets.
    var weakSecretWarnings: [String] {
        var warnings: [String] = []
        for source in sources {
            let provider = Providers.named(source.provider)
            let key = "\(SourceReader.key).\(source.name)"
            let passwords = source.options.filter { name, _ in
                provider?.plainOptions.contains(name) != true && SecretSearch.isPassword(option: name)
            }
            let all = source.secrets + source.keys.sorted { $0.key < $1.key }.map(\.value) + passwords.map(\.value)
            let weak = all.compactMap { WeakSecret.fault(of: $0, bytes: provider?.keyBytes($0) ?? $0.utf8.count) }
            warnings += WeakSecret.sentences(weak, key, "whoever guesses it can post webhooks")
        }
        let daily = tokens.daily.compactMap { WeakSecret.fault(of: $0, bytes: $0.utf8.count) }
        warnings += WeakSecret.sentences(daily, "tokens.daily", "whoever guesses it can make tokens")
        for issuer in tokens.issuers {
            let weak = issuer.hs256.flatMap { WeakSecret.fault(of: $0, bytes: $0.utf8.count) }
            let key = "\(IssuerReader.key).\(issuer.name)"
            warnings += WeakSecret.sentences(weak.map { [$0] } ?? [], key, "whoever guesses it can make tokens")
        }
        return warnings
    }
}

/// What makes a secret weak.
enum WeakSecret {
    /// Examples in documentation, ours and that of providers and libraries. Everybody knows them.
    private static let examples: Set<String> = [
        "...", "…", "abc", "secret", "whsec_...", "whsec_***", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_plJ3nmyCDGBKInavdOK15jsl", "whsec_C2FVsBQIhrscChlQIMV+b5sSYob7oD8b", "your-256-bit-secret",
        "your-secret-key-at-least-32-chars", "a-string-secret-at-least-256-bits-long",
        "super-secret-jwt-token-with-at-least-32-characters-long", "your-super-secret-jwt-token", "user:password",
        "change-me-change-me-change-me-change-me", "devsecret", "mysecretmysecretmysecretmysecret",
    ]

    /// Fewer different bytes than this are a row of crosses or dots that wait to be replaced.
    private static let leastDifferentBytes = 5

    /// What is wrong with a secret that comes to a key of so many bytes, as the end of a sentence; nil if nothing is
    /// known to be.
    static func fault(of secret: String, bytes: Int) -> String? {
        if examples.contains(where: { secret.utf8.elementsEqual($0.utf8) }) {
            return "is an example from documentation"
        }
        if bytes < Limits.strongSecretBytes {
            return "has only \(bytes) bytes, fewer than \(Limits.strongSecretBytes)"
        }
        return Set(secret.utf8).count < leastDifferentBytes ? "is always the same few letters" : nil
    }

    /// A warning for each kind of fault.
    static func sentences(_ faults: [String], _ key: String, _ consequence: String) -> [String] {
        var told: [String] = []
        for fault in faults where !told.contains(fault) { told.append(fault) }
        return told.map { "\(key): a secret \($0): \(consequence); openssl rand -base64 32 makes a good one" }
    }
}

/// Looks for secrets where a settings file has them.
///
/// Looking for a secret's letters anywhere in the file took a short one for found in any word, also where the file
/// names nothing but a variable.
enum SecretSearch {
    /// Whether any secret is written out, rather than taken from a variable.
    static func holdsSecret(_ root: Node) -> Bool {
        let sources = member(SourceReader.key, of: root)?.mapping.map { Array($0.values) } ?? []
        let issuers = member(IssuerReader.key, of: root)?.sequence.map { Array($0) } ?? []
        return sources.contains(where: holdsSecretOfSource)
            || texts(member("tokens.daily", of: root)).contains(where: isWrittenOut)
            || issuers.contains { texts($0.mapping?["hs256"]).contains(where: isWrittenOut) }
    }

    /// The value of a key, which may be written in one piece or in sections.
    private static func member(_ key: String, of node: Node) -> Node? {
        if let value = node.mapping?[Node(key)] { return value }
        guard let dot = key.firstIndex(of: "."), let section = node.mapping?[Node(String(key[..<dot]))] else {
            return nil
        }
        return member(String(key[key.index(after: dot)...]), of: section)
    }

    private static func holdsSecretOfSource(_ source: Node) -> Bool {
        guard let members = source.mapping else { return false }
        return members.contains { name, value in
            switch name.scalar?.string {
            case "secrets": texts(value).contains(where: isWrittenOut)
            case "keys": value.mapping?.values.flatMap(texts).contains(where: isWrittenOut) == true
            case ReconcileReader.name?:
                value.mapping?.contains { name, value in
                    ReconcileReader.isSecret(name.scalar?.string ?? "") && texts(value).contains(where: isWrittenOut)
                } == true
            case let option?: isPassword(option: option) && texts(value).contains(where: isWrittenOut)
            case nil: false
            }
        }
    }

    /// Whether an option of a provider is a password.
    static func isPassword(option: String) -> Bool { option == "basic_auth" }

    private static func texts(_ node: Node?) -> [String] {
        guard let node, !node.isNothing else { return [] }
        if let sequence = node.sequence { return sequence.compactMap(\.scalar?.string) }
        return node.scalar.map { [$0.string] } ?? []
    }

    /// Whether more than the name of a variable stands there: of `${SECRET}` and `whsec_${SECRET}` only the
    /// environment has the secret.
    private static func isWrittenOut(_ text: String) -> Bool { !text.isEmpty && !text.contains("${") }
}
