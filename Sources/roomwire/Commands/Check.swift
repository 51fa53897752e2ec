internal import Access
internal import ArgumentParser
internal import Relay

/// `roomwire check`: the settings as they count, or what is wrong with them.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the settings as they count, or everything that is wrong with them, without starting.",
        discussion: """
            Each setting is shown with its value, where that came from, and what it is
            for. Warnings, on standard error, tell of what is allowed and seldom meant.
            Secrets are not shown. Exits with 0 if the settings can be used, else with 1.

            Examples:
              roomwire check --config roomwire.yaml
              ROOMWIRE_STREAMS_PER_USER=50 roomwire check
            """)

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let settings: Settings
        do {
            settings = try options.load()
        } catch {
            throw Failure.refused(error.sentence)
        }
        do {
            _ = try TokenVerifier(settings.tokenSettings())
        } catch {
            throw Failure.refused("tokens.issuers: \(error)")
        }
        do {
            for warning in try settings.checkTLS() { Terminal.notice("warning: \(warning)") }
        } catch {
            throw Failure.refused(error.description)
        }
        let rows = settings.redacted
        let keyWidth = rows.map(\.key.count).max() ?? 0
        let originWidth = min(rows.map { "\($0.origin)".count }.max() ?? 0, 40)
        let valueWidth = min(rows.map(\.value.count).max() ?? 0, 40)
        for row in rows {
            // A value of nothing would let what follows look like one.
            let value = row.value.isEmpty ? "none" : Terminal.harmless(row.value)
            let origin = "\(row.origin)".padded(to: originWidth)
            let line = "\(row.key.padded(to: keyWidth))  \(value.padded(to: valueWidth))  \(origin)"
            Terminal.line(row.meaning.isEmpty ? line : "\(line)  \(row.meaning)")
        }
        for warning in settings.warnings() { Terminal.notice("warning: \(Terminal.harmless(warning))") }
    }
}

extension String {
    /// The text with blanks after it up to a width in characters.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
