internal import Settings
internal import Webhooks

/// A source of the settings, with its provider ready to sign and to verify.
struct ReadySource {
    let settings: SourceSettings
    let provider: any Provider

    /// The source of this name.
    init(named name: String, in settings: Settings) throws(Failure) {
        guard let source = settings.source(named: name) else { throw .invalid(Self.unknown(name, settings)) }
        guard let type = Providers.named(source.provider) else {
            throw .invalid("the source \(name) has the unknown provider \(source.provider)")
        }
        self.settings = source
        do {
            provider = try type.init(settings: source.forProvider)
        } catch {
            throw .invalid("sources.\(name).\(error.setting): \(error.problem)")
        }
    }

    private static func unknown(_ name: String, _ settings: Settings) -> String {
        let names = settings.sources.map(\.name)
        let listed = names.isEmpty ? "they have none" : "they have \(names.joined(separator: ", "))"
        return "the settings have no source \(name); \(listed) (--config names the settings file, and LIVEKIT_API_KEY "
            + "with LIVEKIT_API_SECRET, DAILY_WEBHOOK_SECRET or WHEREBY_WEBHOOK_SECRET in the environment set one up, too)"
    }
}

/// Reads a file of captured requests.
enum CaptureFile {
    /// The requests in the file at `path`; `-` is standard input.
    static func read(_ path: String) throws(Failure) -> [Capture] {
        let bytes = try InputFile.bytes(path)
        do {
            return try Capture.read(bytes)
        } catch {
            throw .invalid("\(path): \(error)")
        }
    }
}
