extension Settings {
    /// What these settings would lose as the successors of `old`, which is rarely meant: a file that is being written
    /// or was cut off is valid YAML, too. One sentence with what to do; nil if nothing is lost.
    ///
    /// - Parameter old: the settings in force, with what the relay has made up for itself.
    package func loss(after old: Settings) -> String? {
        let remedy = "if that is meant, restart the relay"
        if old.comesFromFile && !comesFromFile { return "the settings file is empty, or has only comments: \(remedy)" }
        func isGiven(_ key: String) -> Bool {
            if case .generated = old.origins[key] { false } else { true }
        }
        let hadSources = old.sources.contains { isGiven("\(SourceReader.key).\($0.name)") }
        if hadSources && sources.isEmpty { return "no source is left, so every webhook would be refused: \(remedy)" }
        let hadIssuers = old.tokens.issuers.contains { isGiven("\(IssuerReader.key).\($0.name)") }
        if hadIssuers && tokens.issuers.isEmpty {
            return "no issuer is left, so every token of theirs would be refused: \(remedy)"
        }
        return nil
    }

    /// Whether anything stands in the settings file.
    private var comesFromFile: Bool {
        origins.values.contains { origin in
            if case .file = origin { true } else { false }
        }
    }
}
