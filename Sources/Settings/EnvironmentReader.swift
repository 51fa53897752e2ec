internal import Wire

/// Puts the environment's values into settings: the providers' usual variables, and `ROOMWIRE_*` for single settings.
struct EnvironmentReader {
    let environment: [String: String]
    /// Variables that the file puts in by itself: they need not be settings.
    let usedByFile: Set<String>
    let checkSource: SourceReader.Check
    var settings: Settings
    private(set) var problems: [SettingsProblem] = []

    /// Variables of ours that are no settings: the command's own, and the issuer's secret.
    static let tokenSecret = "ROOMWIRE_TOKEN_SECRET"
    private static let others = ["ROOMWIRE_CONFIG", "ROOMWIRE_TOKEN", "ROOMWIRE_URL", tokenSecret]
    /// The name that `ROOMWIRE_TOKEN_SECRET` gives its issuer.
    static let ownIssuer = "own"

    /// What operators of these providers have in their environment anyway, and the source it makes.
    private static let usual: [(source: String, key: String?, secret: String)] = [
        ("livekit", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"),
        ("daily", nil, "DAILY_WEBHOOK_SECRET"),
        ("whereby", nil, "WHEREBY_WEBHOOK_SECRET"),
    ]

    init(
        environment: [String: String], usedByFile: Set<String>, settings: Settings,
        checkSource: @escaping SourceReader.Check
    ) {
        // An empty variable is how compose files and CI systems write one that is not set.
        self.environment = environment.filter { !$0.value.isEmpty }
        self.usedByFile = usedByFile
        self.settings = settings
        self.checkSource = checkSource
    }

    /// Reads everything.
    mutating func read() {
        for (source, key, secret) in Self.usual { readSource(source, key, secret) }
        readTokenSecret()
        for setting in Setting.all { read(setting) }
        reportUnknown()
    }

    private mutating func read(_ setting: Setting) {
        guard let text = environment[setting.variable] else { return }
        let texts = setting.takesList ? text.split(separator: ",").map(Self.trimmed) : [text]
        do {
            try setting.assign(&settings, texts)
            settings.origins[setting.key] = .environment(setting.variable)
        } catch {
            report(setting.variable, error.sentence)
        }
    }

    private mutating func readSource(_ name: String, _ keyVariable: String?, _ secretVariable: String) {
        let key = keyVariable.flatMap { environment[$0] }
        if let keyVariable, (key == nil) != (environment[secretVariable] == nil) {
            let (given, missing) = key == nil ? (secretVariable, keyVariable) : (keyVariable, secretVariable)
            // The file may name the one and spell the other out.
            if !usedByFile.contains(given) { report(given, "needs \(missing) beside it") }
            return
        }
        guard let secret = environment[secretVariable] else { return }
        var source = settings.source(named: name) ?? SourceSettings(name: name, provider: name)
        guard source.provider == name else {
            return report(secretVariable, "the file's source \(name) is not of the provider \(name)")
        }
        if let key {
            source.keys[key] = secret
        } else if !source.secrets.contains(secret) {
            source.secrets.append(secret)
        }
        if let fault = checkSource(source) { return report(secretVariable, fault.sentence) }
        settings.sources.removeAll { $0.name == name }
        settings.sources.append(source)
        settings.origins["\(SourceReader.key).\(name)"] = .environment(secretVariable)
    }

    private mutating func readTokenSecret() {
        guard let secret = environment[Self.tokenSecret] else { return }
        if let sentence = IssuerReader.shortSecret(secret) { return report(Self.tokenSecret, sentence) }
        var issuer = IssuerFile(name: Self.ownIssuer)
        if let index = settings.tokens.issuers.firstIndex(where: { $0.name == Self.ownIssuer }) {
            guard settings.tokens.issuers[index].hs256 != nil else {
                return report(Self.tokenSecret, "the file's issuer \(Self.ownIssuer) has keys of another kind")
            }
            issuer = settings.tokens.issuers.remove(at: index)
        }
        issuer.hs256 = secret
        settings.tokens.issuers.insert(issuer, at: 0)
        settings.origins["\(IssuerReader.key).\(Self.ownIssuer)"] = .environment(Self.tokenSecret)
    }

    private mutating func reportUnknown() {
        let known = Setting.all.map(\.variable) + Self.others
        for name in environment.keys.sorted() where name.hasPrefix(Setting.variablePrefix) {
            if known.contains(name) || usedByFile.contains(name) || Self.isFromKubernetes(name) { continue }
            let last = "_" + name.dropFirst(Setting.variablePrefix.count)
            let near = Suggestion.nearest(to: name, of: known, atMost: 3) ?? known.first { $0.hasSuffix(last) }
            report(name, "there is no such setting" + (near.map { "; did you mean \($0)?" } ?? ""))
        }
    }

    /// Kubernetes puts such variables into every pod beside a service named `roomwire`.
    private static func isFromKubernetes(_ name: String) -> Bool {
        name.hasPrefix("ROOMWIRE_SERVICE_") || name == "ROOMWIRE_PORT" || name.hasPrefix("ROOMWIRE_PORT_")
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private mutating func report(_ variable: String, _ sentence: String) {
        problems.append(SettingsProblem(.environment(variable), nil, sentence))
    }
}
