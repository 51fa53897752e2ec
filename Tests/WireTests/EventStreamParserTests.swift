import Testing

@testable import Wire

@Suite struct EventStreamParserTests {
    typealias Item = EventStreamParser.Item

    struct Stream: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        let items: [Item]
        var lastEventID: String?

        var testDescription: String { name }
    }

    static let streams = [
        Stream(name: "nothing", text: "", items: []),
        Stream(
            name: "an event", text: "id: 1-0\ndata: {\"a\":1}\n\n",
            items: [.event(name: nil, data: "{\"a\":1}", lastEventID: "1-0")], lastEventID: "1-0"),
        Stream(
            name: "a named event", text: "event: room_started\ndata: x\n\n",
            items: [.event(name: "room_started", data: "x", lastEventID: nil)]),
        Stream(
            name: "a name counts for one event", text: "event: a\ndata: 1\n\ndata: 2\n\n",
            items: [.event(name: "a", data: "1", lastEventID: nil), .event(name: nil, data: "2", lastEventID: nil)]),
        Stream(
            name: "an id outlives its event", text: "id: 7\ndata: 1\n\ndata: 2\n\n",
            items: [.event(name: nil, data: "1", lastEventID: "7"), .event(name: nil, data: "2", lastEventID: "7")],
            lastEventID: "7"),
        Stream(
            name: "an id without data counts", text: "id: 7\n\ndata: 2\n\n",
            items: [.event(name: nil, data: "2", lastEventID: "7")], lastEventID: "7"),
        Stream(
            name: "an empty id takes the id back", text: "id: 7\ndata: 1\n\nid\ndata: 2\n\n",
            items: [.event(name: nil, data: "1", lastEventID: "7"), .event(name: nil, data: "2", lastEventID: "")],
            lastEventID: ""),
        Stream(
            name: "an id with NUL is none", text: "id: 7\u{0}\ndata: 1\n\n",
            items: [.event(name: nil, data: "1", lastEventID: nil)]),
        Stream(
            name: "data of several lines", text: "data: one\ndata:two\ndata:  three\ndata\n\n",
            items: [.event(name: nil, data: "one\ntwo\n three\n", lastEventID: nil)]),
        Stream(
            name: "carriage returns", text: "data: 1\r\rdata: 2\r\n\r\ndata: 3\n\n",
            items: ["1", "2", "3"].map { .event(name: nil, data: $0, lastEventID: nil) }),
        Stream(
            name: "a carriage return ends the line before a feed that ends the event", text: "data: 1\r\n\n",
            items: [.event(name: nil, data: "1", lastEventID: nil)]),
        Stream(name: "comments", text: ": heartbeat\n\n:\n\n::data: x\n\n", items: []),
        Stream(
            name: "retry", text: "retry: 2500\nretry: soon\nretry: -1\nretry:\nretry: 99999999999999999999\n",
            items: [.retry(milliseconds: 2500)]),
        Stream(name: "unknown fields", text: "color: blue\nDATA: x\n data: y\n\n", items: []),
        Stream(name: "an event without its end", text: "id: 9\ndata: lost\n", items: []),
        Stream(
            name: "a byte order mark is skipped at the start only", text: "\u{FEFF}data: 1\n\n\u{FEFF}data: 2\n\n",
            items: [.event(name: nil, data: "1", lastEventID: nil)]),
        Stream(
            name: "letters of several bytes", text: "data: Zoë 🎥\n\n",
            items: [.event(name: nil, data: "Zoë 🎥", lastEventID: nil)]),
    ]

    @Test(arguments: streams)
    func everyCutGivesTheSame(stream: Stream) throws {
        let bytes = Array(stream.text.utf8)
        for cut in 0...bytes.count {
            var parser = EventStreamParser()
            let items = try parser.items(bytes[..<cut]) + parser.items(bytes[cut...])
            #expect(items == stream.items, "cut at \(cut)")
            #expect(parser.lastEventID == stream.lastEventID, "cut at \(cut)")
        }
    }

    @Test(arguments: streams)
    func singleBytesGiveTheSame(stream: Stream) throws {
        var parser = EventStreamParser()
        var items: [Item] = []
        for byte in stream.text.utf8 { items += try parser.items([byte]) }
        #expect(items == stream.items)
    }

    @Test func aReconnectKeepsTheIDItWasOpenedWith() throws {
        var parser = EventStreamParser(lastEventID: "5-0")
        #expect(try parser.items(Array("data: x\n\n".utf8)) == [.event(name: nil, data: "x", lastEventID: "5-0")])
    }

    @Test func aLineWithoutEndIsNotKeptForEver() throws {
        var parser = EventStreamParser(largestLineBytes: 8)
        #expect(try parser.items(Array("data: 12\n".utf8)).isEmpty)
        #expect(throws: EventStreamParser.LineTooLong()) { try parser.items(Array("data: 123".utf8)) }
    }
}
