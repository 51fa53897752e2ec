import Events
import Glibc
import Platform
import TestSupport
import Testing
import Wire

@testable import roomwire

private func id(_ number: Int64) -> EventID { EventID(milliseconds: number, sequence: 0) }

@Suite struct OutputProgressTests {
    @Test func aPlaceIsPassedWhenEveryByteBeforeItIsRead() {
        var progress = OutputProgress()
        for number in 1...3 {
            progress.wrote(bytes: 10)
            progress.reached(id(Int64(number)))
        }
        #expect(progress.passed(unreadBytes: 30) == nil)
        #expect(progress.passed(unreadBytes: 21) == nil)
        #expect(progress.passed(unreadBytes: 11) == id(1))
        #expect(progress.isWaiting)
        #expect(progress.passed(unreadBytes: 0) == id(3))
        #expect(!progress.isWaiting && progress.passed(unreadBytes: 0) == nil)
    }

    @Test func aPlaceWithoutALineReplacesTheLastOne() {
        var progress = OutputProgress()
        progress.wrote(bytes: 10)
        progress.reached(id(1))
        progress.reached(id(2))
        #expect(progress.passed(unreadBytes: 5) == nil)
        #expect(progress.passed(unreadBytes: 0) == id(2))
    }

    @Test func otherBytesInThePipeOnlyDelayAPlace() {
        var progress = OutputProgress()
        progress.wrote(bytes: 10)
        progress.reached(id(1))
        #expect(progress.passed(unreadBytes: 1000) == nil)
        #expect(progress.passed(unreadBytes: 0) == id(1))
    }
}

@Suite struct SavedPlaceTests {
    private let here = SavedPlace(
        relay: "http://a/api", filter: [(name: "type", value: "x"), (name: "room", value: "*")])

    @Test func whatIsWrittenIsRead() throws {
        var place = here
        #expect(try SavedPlace(file: place.bytes) == place)
        place.lastEventID = id(7)
        #expect(try SavedPlace(file: place.bytes) == place)
        #expect(place.bytes.last == 0x0A)
    }

    @Test func theOrderOfTheFilterIsNoDifference() throws {
        let other = SavedPlace(
            relay: "http://a/api", filter: [(name: "room", value: "*"), (name: "type", value: "x")])
        try here.checkSameStream(as: other)
    }

    @Test(arguments: [
        ("http://b/api", [(name: "room", value: "*"), (name: "type", value: "x")]),
        ("http://a/api", [(name: "room", value: "*")]), ("http://a/api", []),
    ])
    func anotherStreamIsRefused(relay: String, filter: [(name: String, value: String)]) {
        #expect(throws: SavedPlace.FileError.self) {
            try here.checkSameStream(as: SavedPlace(relay: relay, filter: filter))
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"relay":1,"filter":[],"lastEventId":null}"#,
        #"{"relay":"r","filter":[1],"lastEventId":null}"#, #"{"relay":"r","filter":[]}"#,
        #"{"relay":"r","filter":[],"lastEventId":"01-0"}"#, #"{"relay":"r","filter":[],"lastEventId":null,"more":1}"#,
    ])
    func anythingElseIsNoPlace(text: String) {
        #expect(throws: SavedPlace.FileError.self) { try SavedPlace(file: Array(text.utf8)) }
    }
}

@Suite struct StateFileTests {
    @Test func aSecondOneIsRefusedAndTheFirstGoesOn() throws {
        let folder = try TemporaryFolder()
        let place = SavedPlace(relay: "r", filter: [])
        let path = folder.path + "/state"
        let file = try StateFile(path: path, for: place)
        #expect(file.place == nil)
        #expect { try StateFile(path: path, for: place) } throws: { ($0 as? Failure)?.exitCode == 1 }
        try file.save(id(3))
    }

    @Test func thePlaceIsThereForTheNextOne() throws {
        let folder = try TemporaryFolder()
        let place = SavedPlace(relay: "r", filter: [])
        let path = folder.path + "/state"
        do {
            let file = try StateFile(path: path, for: place)
            try file.save(id(3))
        }
        #expect(try StateFile(path: path, for: place).place == id(3))
    }
}

@Suite struct PlaceKeeperTests {
    /// Saved places, and a fault that the next attempts have.
    private final class Disk: Sendable {
        let state = Monitor<(saved: [EventID], fails: Bool)>(([], false))

        func save(_ id: EventID) throws(SystemError) {
            let fails = state.change { state in
                if !state.fails { state.saved.append(id) }
                return state.fails
            }
            if fails { throw SystemError("save", code: ENOSPC) }
        }

        func wait(for id: EventID) -> Bool {
            state.wait(milliseconds: 30_000) { $0.saved.last == id ? true : nil } == true
        }
    }

    private func pipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private func read(_ descriptor: CInt, _ count: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = Glibc.read(descriptor, &bytes, count)
        return String(decoding: bytes.prefix(max(0, length)), as: UTF8.self)
    }

    @Test func aPlaceIsSavedAfterItsLineWasRead() throws {
        let (reading, writing) = try pipe()
        let disk = Disk()
        let keeper = try PlaceKeeper(output: writing) { id throws(SystemError) in try disk.save(id) }
        #expect(keeper.write("one", place: id(1)) && keeper.write("two", place: id(2)))
        #expect(read(reading, 4) == "one\n")
        #expect(disk.wait(for: id(1)))
        #expect(read(reading, 4) == "two\n")
        #expect(disk.wait(for: id(2)))
        #expect(keeper.finish() == nil)
        close(reading)
        close(writing)
    }

    @Test func aReaderThatHasGoneHasNotReadWhatIsLeft() throws {
        let (reading, writing) = try pipe()
        let disk = Disk()
        let keeper = try PlaceKeeper(output: writing) { id throws(SystemError) in try disk.save(id) }
        #expect(keeper.write("one", place: id(1)) && keeper.write("two", place: id(2)))
        #expect(read(reading, 4) == "one\n")
        close(reading)
        #expect(!keeper.write("three", place: id(3)))
        #expect(keeper.finish() == nil)
        #expect(disk.state.withLock { $0.saved } == [id(1)])
        close(writing)
    }

    @Test func aPlaceThatCannotBeSavedIsTriedAgainAndTheEndSaysSo() throws {
        let (reading, writing) = try pipe()
        let disk = Disk()
        disk.state.change { $0.fails = true }
        let keeper = try PlaceKeeper(output: writing) { id throws(SystemError) in try disk.save(id) }
        #expect(keeper.write("one", place: id(1)))
        #expect(read(reading, 4) == "one\n")
        #expect(keeper.finish()?.code == ENOSPC)
        let other = Disk()
        other.state.change { $0.fails = true }
        let second = try PlaceKeeper(output: writing) { id throws(SystemError) in try other.save(id) }
        #expect(second.write("two", place: id(2)))
        #expect(read(reading, 4) == "two\n")
        other.state.change { $0.fails = false }
        #expect(other.wait(for: id(2)))
        #expect(second.finish() == nil)
        close(reading)
        close(writing)
    }
}

@Suite struct GapPolicyTests {
    @Test(arguments: [
        (#"{"type":"resync","reason":"expired","oldestId":"9-0"}"#, "events after 1-0 are no longer in the journal"),
        (#"{"type":"resync","reason":"unknown","oldestId":"9-0"}"#, "another journal"),
        (#"{"type":"resync","reason":"malformed"}"#, "does not recognise 1-0"),
        (#"{"type":"resync"}"#, "no longer in the journal"),
    ])
    func theSentenceSaysWhatHappened(message: String, words: String) throws {
        let object = try #require(JSONReader.value(message).object)
        let failure = GapPolicy.failure(after: "1-0", object)
        #expect(failure.exitCode == 3)
        #expect(failure.sentence.contains(words) && failure.sentence.contains("--on-gap continue"))
    }
}
