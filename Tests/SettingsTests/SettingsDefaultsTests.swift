import Testing

@testable import Settings

@Suite struct SettingsDefaultsTests {
    @Test func nothingIsNeeded() throws {
        let settings = try Settings.load(environment: ["HOME": "/home/ada"])
        #expect(settings.listen == [ListenAddress(host: "127.0.0.1", port: 3001)])
        #expect(settings.data == "/home/ada/.local/share/roomwire")
        #expect(settings.pathPrefix == "/api")
        #expect(settings.sources.isEmpty)
        #expect(settings.tokens.issuers.isEmpty)
        #expect(settings.loops >= 1)
    }

    @Test func everythingKeptIsBoundedByDefault() throws {
        let retention = try Settings.load(environment: [:]).log.retention
        #expect(retention.ageMilliseconds > 0)
        #expect(retention.events > 0)
        #expect(retention.bytes > 0)
    }

    @Test(arguments: [
        (["XDG_DATA_HOME": "/data", "HOME": "/home/ada"], "/data/roomwire"),
        (["XDG_DATA_HOME": "relative", "HOME": "/home/ada"], "/home/ada/.local/share/roomwire"),
        (["XDG_DATA_HOME": "", "HOME": "/home/ada"], "/home/ada/.local/share/roomwire"),
        ([:], "/var/lib/roomwire"),
    ])
    func theDataFolderFollowsTheUser(environment: [String: String], folder: String) {
        #expect(DataFolder.defaultPath(environment: environment) == folder)
    }

    @Test func everyDefaultIsAValueThatItsSettingTakes() throws {
        let settings = Settings(environment: ["HOME": "/home/ada"])
        for setting in Setting.all where !setting.show(settings).isEmpty {
            let shown = setting.show(settings)
            var copy = settings
            try setting.assign(&copy, [shown == "no bound" ? "0" : shown])
            #expect(copy == settings, "\(setting.key)")
        }
    }

    @Test(arguments: [
        ("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2),
        ("Cpus_allowed:\t00000000,00000001\n", 1), ("Cpus_allowed:\tffffffff,0000000f\n", 36), ("Name:\tx\n", nil),
        ("Cpus_allowed:\t\n", nil),
    ])
    func theCoresOfTheProcessCount(status: String, cores: Int?) {
        #expect(ActiveCores.allowed(status) == cores)
    }

    @Test func noTwoSettingsShareAVariable() {
        #expect(Set(Setting.all.map(\.variable)).count == Setting.all.count)
    }
}
