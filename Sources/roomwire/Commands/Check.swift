internal import Access
internal import ArgumentParser
internal import Settings

/// `roomwire check`: the settings in force, or their errors.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the settings that the relay would use, or all their errors, without starting it.",
        discussion: """
            Each setting is shown with its value, the origin of that value, and its
            purpose. Warnings, on standard error, point out values that are valid and
            probably unintended. Secrets are not shown. Exits with 0 if the settings can
            be used, else with 1.

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
            // After an empty value, the next column would look like the value.
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
