import Testing

@testable import Relay

@Suite struct PageLinesTests {
    private static let stream = """
        {"type":"connected","streamId":"1"}
        {"type":"resync","reason":"expired"}
        {"type":"a","id":"1-0"}

        {"type":"heartbeat","lastEventId":"1-0"}
        {"type":"token_expiring","expiresAt":"x"}
        {"type":"resync","id":"2-0","of":"a sender"}

        """

    @Test(arguments: [1, 2, 7, 1000])
    func theLinesOfTheLogAreAListHoweverTheyAreCut(size: Int) {
        var lines = PageLines()
        #expect(lines.isEmpty)
        let bytes = Array(Self.stream.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { lines.append($0) }
        }
        #expect(!lines.isEmpty)
        #expect(
            String(decoding: lines.eventList, as: UTF8.self)
                == #"[{"type":"a","id":"1-0"},{"type":"resync","id":"2-0","of":"a sender"}]"#)
        #expect(lines.resync.map { String(decoding: $0, as: UTF8.self) } == #"{"type":"resync","reason":"expired"}"#)
    }

    @Test func theRelaysOwnMessagesAreNoNews() {
        var lines = PageLines()
        let own = "{\"type\":\"connected\",\"id\":\"1-0\"}\n\n{\"type\":\"heartbeat\",\"lastEventId\":\"1-0\"}\n"
        Array(own.utf8).withUnsafeBytes { lines.append($0) }
        #expect(lines.isEmpty && lines.eventList == Array("[]".utf8))
    }
}
