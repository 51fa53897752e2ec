import Journal
import Settings
import TestSupport
import Testing

@testable import Relay

/// What the relay makes of its settings, at the start and on a reload.
@Suite struct SettingsInForceTests {
    @Test func roomsEndAfterADayOfSilenceAndAreBoundedByDefault() throws {
        let rooms = try Settings.load(environment: [:]).rooms
        #expect(RoomBounds(rooms) == RoomBounds(staleAfterMilliseconds: 86_400_000, rooms: 100_000))
        #expect(RoomBounds() == RoomBounds(rooms))
    }

    @Test(arguments: ["0", "off", "\"off\"", "0s"])
    func roomsNeedNotEnd(text: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("roomwire.yaml", "rooms: {stale_after: \(text), total: 0}")
        let rooms = try Settings.load(file: file, environment: [:]).rooms
        #expect(RoomBounds(rooms) == RoomBounds(staleAfterMilliseconds: nil, rooms: nil))
    }

    @Test func whatNeedsARestartIsKeptAndTheRestIsTaken() throws {
        let old = try Settings.load(environment: [:])
        var new = old
        new.loops = old.loops + 1
        new.data = "/elsewhere"
        new.streams.perUser = 7
        new.sources = [SourceSettings(name: "app", provider: "standard", secrets: ["whsec_eA=="])]
        #expect(new.keepWhatNeedsRestart(from: old) == ["data", "loops"])
        #expect(new.loops == old.loops && new.data == old.data && new.streams.perUser == 7)
        #expect(new.keysThatDiffer(from: old) == ["streams.per_user", "sources.app"])
    }
}
