import Events
import Testing
import Wire

@testable import Fanout

struct FormatTests {
    static let sse = StreamFormat()
    static let named = StreamFormat(isNamed: true)
    static let ndjson = StreamFormat(encoding: .ndjson)
    static let raw = StreamFormat(showsRaw: true)
    static let namedRaw = StreamFormat(isNamed: true, showsRaw: true)
    static let ndjsonRaw = StreamFormat(encoding: .ndjson, showsRaw: true)
    static let all = [sse, named, ndjson, raw, namedRaw, ndjsonRaw]

    private static let json =
        #"{"type":"participant_joined","id":"1-0","source":"livekit","provider":"livekit","room":"call_1","#
        + #""timestamp":1795201856001,"receivedAt":1795201856001,"data":{}}"#
    private static let withRaw = String(json.dropLast()) + #","raw":{"a":1}}"#

    static let expected: [(StreamFormat, String)] = [
        (sse, "id: 1-0\ndata: \(json)\n\n"),
        (named, "event: participant_joined\nid: 1-0\ndata: \(json)\n\n"),
        (ndjson, "\(json)\n"),
        (raw, "id: 1-0\ndata: \(withRaw)\n\n"),
        (namedRaw, "event: participant_joined\nid: 1-0\ndata: \(withRaw)\n\n"),
        (ndjsonRaw, "\(withRaw)\n"),
    ]

    @Test(arguments: expected)
    func eventIsWrittenInTheStreamsFormat(format: StreamFormat, text: String) {
        let stage = Stage()
        let outlet = stage.open(format: format).outlet
        outlet.clear()
        stage.commit([Stage.event(1, raw: #"{"a":1}"#)])
        #expect(outlet.text == text)
    }

    @Test
    func eventWithoutKeptBodyHasNoRawMember() {
        let stage = Stage()
        let outlet = stage.open(format: Self.ndjsonRaw).outlet
        outlet.clear()
        stage.commit([Stage.event(1)])
        #expect(outlet.text == Self.json + "\n")
    }

    @Test
    func preambleRetryConnectedAndOpeningComeFirstInOneWrite() throws {
        let stage = Stage()
        var subscription = Subscription.everything()
        subscription.preamble = Array("HTTP head\n".utf8)
        subscription.opening = Array("data: snapshot\n\n".utf8)
        let outlet = TestOutlet()
        _ = stage.hub.subscribe(subscription, outlet: outlet)
        #expect(outlet.writes == 1)
        let lines = outlet.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "HTTP head")
        let retry = try #require(Int(lines[1].replacing("retry: ", with: "")))
        #expect((2250...3750).contains(retry))
        #expect(lines[2] == "id: 0-1")
        #expect(
            lines[3] == #"data: {"type":"connected","streamId":"1","user":"ada","filter":{},"granted":{},"#
                + #""oldestId":"0-0","newestId":"0-0","lastEventId":"0-1","heartbeatMs":15000,"listeners":1}"#)
        #expect(Array(lines[4...]) == ["", "data: snapshot", "", ""])
    }

    @Test
    func controlFramesAreNamedWhereEventsAreAndLinesWhereEventsAre() {
        let stage = Stage()
        #expect(stage.open(format: Self.named).outlet.text.contains("\nevent: connected\nid: 0-1\ndata: {"))
        #expect(stage.open(format: Self.ndjson).outlet.text.hasPrefix(#"{"type":"connected","#))
        #expect(stage.open(format: Self.ndjson).outlet.text.hasSuffix("}\n"))
    }

    /// Types of `standard` senders are free: the table of their names must not be emptied under a list of pieces.
    @Test
    func moreTypesThanAreRememberedAreAllNamedRightly() {
        let stage = Stage()
        let outlets = (0..<3).map { _ in stage.open(format: Self.named).outlet }
        outlets[1].room = outlets[1].bytes.count
        let types = (0..<2500).map { EventType(rawValue: "type.\($0)") }
        for first in stride(from: 0, to: types.count, by: 50) {
            stage.commit((first..<(first + 50)).map { Stage.event($0 + 1, type: types[$0]) })
        }
        for outlet in outlets where outlet.room == nil {
            let names = outlet.text.split(separator: "\n").filter { $0.hasPrefix("event: type.") }
            #expect(names == types.map { "event: \($0.rawValue)" })
        }
    }
}
