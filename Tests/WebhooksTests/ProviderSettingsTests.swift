import Testing
import Wire

@testable import Webhooks

/// Settings that cannot work are refused when they are read, not when the first webhook comes.
struct ProviderSettingsTests {
    @Test(arguments: [
        ("livekit", ProviderSettings(source: "s"), "keys"),
        ("livekit", ProviderSettings(source: "s", keys: ["k": ""]), "keys"),
        ("livekit", ProviderSettings(source: "s", keys: ["k": "s"], secrets: ["5ecret"]), "secrets"),
        ("livekit", ProviderSettings(source: "s", keys: ["k": "s"], options: ["replay_window": "5"]), "replay_window"),
        ("daily", ProviderSettings(source: "s"), "secrets"),
        ("daily", ProviderSettings(source: "s", secrets: ["not base64!"]), "secrets"),
        ("daily", ProviderSettings(source: "s", secrets: ["whsec_c2VjcmV0"]), "secrets"),
        ("daily", ProviderSettings(source: "s", secrets: ["c2VjcmV0", ""]), "secrets"),
        ("daily", ProviderSettings(source: "s", options: ["basic_auth": ""]), "basic_auth"),
        (
            "daily", ProviderSettings(source: "s", secrets: ["c2VjcmV0"], options: ["replay_window": "-1"]),
            "replay_window"
        ),
        ("daily", ProviderSettings(source: "s", secrets: ["c2VjcmV0"], options: ["replay": "1"]), "replay"),
        ("whereby", ProviderSettings(source: "s"), "secrets"),
        (
            "whereby", ProviderSettings(source: "s", secrets: ["5ecret"], options: ["replay_window": "soon"]),
            "replay_window"
        ),
        ("standard", ProviderSettings(source: "s", secrets: ["whpk_c2VjcmV0"]), "secrets"),
        ("supabase", ProviderSettings(source: "s", secrets: ["5ecret"], options: ["header": ""]), "header"),
        ("supabase", ProviderSettings(source: "s", secrets: ["5ecret"], options: ["room": "x"]), "room"),
    ])
    func unusableSettingIsNamed(_ provider: String, _ settings: ProviderSettings, _ setting: String) throws {
        let type = try #require(Providers.named(provider))
        let error = try #require(throws: ProviderSettingsError.self) { _ = try type.init(settings: settings) }
        #expect(error.setting == setting)
        #expect(!error.problem.isEmpty)
        for secret in settings.secrets where !secret.isEmpty { #expect(!error.problem.contains(secret)) }
    }

    @Test func providersAreKnownByTheirNames() {
        #expect(Providers.all.map { $0.name } == ["livekit", "daily", "whereby", "standard", "supabase"])
        #expect(Providers.named("zoom") == nil)
    }
}
