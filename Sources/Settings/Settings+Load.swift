internal import Events
internal import FoundationEssentials
internal import Wire

extension Settings {
    /// Reads the settings: flags over environment over file over defaults.
    ///
    /// - Parameters:
    ///   - file: the path of the settings file, if there is one.
    ///   - environment: all variables; `ROOMWIRE_*` and the providers' usual ones count.
    ///   - overrides: values of flags by the setting's key, for instance `["listen": ["127.0.0.1:3001"]]`.
    /// - Throws: everything that is wrong, in file, environment and flags together.
    package static func load(
        file: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
        overrides: [String: [String]] = [:]
    ) throws(SettingsError) -> Settings {
        try load(file: file, environment: environment, overrides: overrides, checkSource: SourceReader.check)
    }

    /// The same with another judge of sources.
    static func load(
        file: String?, environment: [String: String], overrides: [String: [String]],
        checkSource: @escaping SourceReader.Check
    ) throws(SettingsError) -> Settings {
        let start = Settings(environment: environment)
        var reader = SettingsReader(
            path: file ?? "", settings: start, environment: environment, checkSource: checkSource)
        if let file {
            do {
                if let root = try SettingsFile.read(file) { reader.read(root) }
            } catch {
                throw SettingsError(problems: [error])
            }
        }
        var fromEnvironment = EnvironmentReader(
            environment: environment, usedByFile: reader.variables.used, settings: reader.settings,
            checkSource: checkSource)
        fromEnvironment.read()
        var settings = fromEnvironment.settings
        var problems = reader.problems + fromEnvironment.problems + settings.apply(overrides)
        // A half that is there and wrong has been told already.
        if problems.isEmpty { problems = settings.halfSetProxy + settings.strayTwins + settings.metricsInUse }
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        settings.expandHome(environment["HOME"] ?? "~")
        return settings
    }

    /// `~/` at the beginning of a path is the user's folder.
    private mutating func expandHome(_ home: String) {
        func expand(_ path: inout String) {
            if path == "~" || path.hasPrefix("~/") { path = home + path.dropFirst() }
        }
        expand(&data)
        for path in [\TLSSettings.certificate, \.key] {
            guard var file = tls[keyPath: path] else { continue }
            expand(&file)
            tls[keyPath: path] = file
        }
        for index in tokens.issuers.indices {
            for place in [\IssuerFile.jwksFile, \.jwksCAFile] {
                guard var path = tokens.issuers[index][keyPath: place] else { continue }
                expand(&path)
                tokens.issuers[index][keyPath: place] = path
            }
            for file in tokens.issuers[index].publicKeyFiles.indices {
                expand(&tokens.issuers[index].publicKeyFiles[file])
            }
        }
    }

    /// Trusted proxies without the header that they set would be believed in nothing, and the header without them
    /// would be believed from nobody.
    private var halfSetProxy: [SettingsProblem] {
        guard proxy.trusted.isEmpty != proxy.header.isEmpty else { return [] }
        let (given, sentence) =
            proxy.header.isEmpty
            ? (
                "proxy.trusted",
                "needs proxy.header beside it: the header in which the proxy gives the client's address"
            )
            : ("proxy.header", "needs proxy.trusted beside it: the proxies from which the header is believed")
        return [SettingsProblem(origins[given] ?? .standard, given, sentence)]
    }

    /// An issuer that has the users of another has to name one that has its own.
    private var strayTwins: [SettingsProblem] {
        tokens.issuers.compactMap { issuer in
            guard let name = issuer.sameAs else { return nil }
            guard !tokens.issuers.contains(where: { WireText($0.name) == WireText(name) && $0.sameAs == nil }) else {
                return nil
            }
            let key = "\(IssuerReader.key).\(issuer.name)"
            return SettingsProblem(
                origins[key] ?? .standard, "\(key).same_as", "there is no issuer \(name) with users of its own")
        }
    }

    /// The metrics' address must be another than those of streams and webhooks, which would share it.
    private var metricsInUse: [SettingsProblem] {
        guard let metrics, metrics.port != 0 else { return [] }
        let open = ["0.0.0.0", "::"]
        let shared = listen.first { address in
            address.port == metrics.port
                && (address.host == metrics.host || open.contains(address.host) || open.contains(metrics.host))
        }
        guard let shared else { return [] }
        let sentence = "\(metrics) is taken by listen (\(shared)): give the metrics a port of their own"
        return [SettingsProblem(origins["metrics"] ?? .standard, "metrics", sentence)]
    }

    private mutating func apply(_ overrides: [String: [String]]) -> [SettingsProblem] {
        var problems: [SettingsProblem] = []
        for (key, texts) in overrides.sorted(by: { $0.key < $1.key }) {
            guard let setting = Setting.byKey[key] else {
                problems.append(SettingsProblem(.flag(key), nil, "there is no such setting"))
                continue
            }
            do {
                try setting.assign(&self, texts)
                origins[key] = .flag(setting.flag)
            } catch {
                problems.append(SettingsProblem(.flag(setting.flag), nil, error.sentence))
            }
        }
        return problems
    }
}
