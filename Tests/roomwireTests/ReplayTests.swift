import Events
import TestSupport
import Testing
import Wire

@testable import roomwire

@Suite struct MemberBytesTests {
    @Test(arguments: [
        (#"{"a":1,"raw":{"b":[1.0,2],"s":"x,\"raw\":}"}}"#, #"{"b":[1.0,2],"s":"x,\"raw\":}"}"#),
        (#"{"raw": {"half":"\ud83c"} ,"z":"\\"}"#, #"{"half":"\ud83c"}"#),
        (#"{ "raw" : 1e400 }"#, "1e400"),
        (#"{"raw":1,"raw":2}"#, "2"),
        (#"{"data":{"raw":1}}"#, nil), (#"{"a":"\"raw\":1"}"#, nil), ("{}", nil), (#"["raw",1]"#, nil),
    ])
    func theValueIsAsItStands(text: String, value: String?) {
        let found = MemberBytes.of("raw", in: Array(text.utf8))
        #expect(found.map { String(decoding: $0, as: UTF8.self) } == value)
    }
}

@Suite struct RecordedLineTests {
    private static func event(_ more: String, raw: String? = #"{"x":1.0}"#) -> String {
        #"{"type":"app.said","id":"5-1","source":"app","provider":"standard","timestamp":1,"receivedAt":2,"data":{}"#
            + more + (raw.map { #","raw":"# + $0 } ?? "") + "}"
    }

    private func read(_ text: String) throws -> RecordedLine { try RecordedLine(Array(text.utf8)[...]) }

    @Test func aWebhookHasItsBodyByteForByte() throws {
        guard case .webhook(let webhook) = try read(Self.event("")) else {
            Issue.record("no webhook")
            return
        }
        #expect(webhook.body == Array(#"{"x":1.0}"#.utf8))
        #expect(webhook.source == "app" && webhook.provider == "standard" && webhook.receivedAt == 2)
        #expect(webhook.id == EventID(milliseconds: 5, sequence: 1))
    }

    @Test func whatTheRelayMakesItselfIsDerived() throws {
        for text in [
            Self.event(#","synthetic":true"#, raw: nil),
            #"{"type":"t.update","id":"5-1","source":"s","provider":"supabase","receivedAt":2,"data":{"moved":"out"},"#
                + #""raw":{}}"#,
        ] {
            guard case .derived = try read(text) else {
                Issue.record("\(text)")
                continue
            }
        }
    }

    @Test func otherLinesAreTold() throws {
        guard case .withoutBody = try read(Self.event("", raw: nil)), case .message = try read(#"{"type":"resync"}"#),
            case .empty = try read(" \t\r")
        else {
            Issue.record("another kind")
            return
        }
    }

    @Test(arguments: ["x", "[]", "{}", #"{"headers":{},"body":""}"#, #"{"type":"#])
    func whatIsNoLineOfARecordingIsAnError(text: String) {
        #expect(throws: RecordedLine.LineError.self) { try read(text) }
    }
}

@Suite struct ReplayPaceTests {
    @Test func timesAreThoseOfTheRecordingDividedBySpeed() {
        var pace = ReplayPace(speed: 2)
        #expect([1000, 1500, 4000].map { pace.dueMilliseconds(receivedAt: $0) } == [0, 250, 1500])
        #expect(pace.lastMilliseconds == 1500)
    }

    @Test func timeNeverGoesBack() {
        var pace = ReplayPace(speed: 1)
        let due = [1000, 3000, 2000, WallTime(milliseconds: .min), 3500].map { pace.dueMilliseconds(receivedAt: $0) }
        #expect(due == [0, 2000, 2000, 2000, 2500])
    }

    @Test func withoutASpeedNothingWaits() {
        var pace = ReplayPace(speed: nil)
        #expect([1000, 9_000_000].map { pace.dueMilliseconds(receivedAt: $0) } == [0, 0])
    }
}

@Suite struct ReplayTallyTests {
    @Test func refusalsAreCountedByReason() {
        var tally = ReplayTally()
        tally.accepted = 2
        tally.duplicates = 1
        for reason in ["expired", "bad_signature", "expired"] { tally.refuse(reason) }
        tally.derived = 4
        #expect(
            tally.summary(isDryRun: false)
                == "sent 6, accepted 2, duplicate 1, refused 3 (2 expired, 1 bad_signature), made by the relay itself 4"
        )
        #expect(!tally.isGood && ReplayTally().isGood)
    }
}

@Suite struct LineReaderTests {
    private func lines(_ text: String, most: Int = 1000) throws -> [String] {
        let folder = try TemporaryFolder()
        var reader = try LineReader(path: folder.file("lines", text), mostLineBytes: most)
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(reader.number == lines.count && reader.bytesRead == text.utf8.count)
        return lines
    }

    @Test(arguments: [
        ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\nb", ["a", "", "b"]), ("a\r\nb", ["a\r", "b"]),
    ])
    func everyLineIsRead(text: String, expected: [String]) throws {
        #expect(try lines(text) == expected)
    }

    @Test func linesAcrossChunksAreWhole() throws {
        let expected = (0..<40).map { String(repeating: "\($0 % 10)", count: $0 * 1999) }
        #expect(try lines(expected.joined(separator: "\n"), most: 100_000) == expected)
    }

    @Test func aLongLineIsAFailure() throws {
        #expect(throws: Failure.self) { try lines(String(repeating: "a", count: 600_000), most: 500_000) }
    }
}
