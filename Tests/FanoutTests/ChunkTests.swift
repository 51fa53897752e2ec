import Events
import Testing
import Wire

@testable import Fanout

struct ChunkTests {
    static let formats = FormatTests.all.map { format in
        var format = format
        format.isChunked = true
        return format
    }

    /// What chunks hold, and whether the last one came; nil where they are not as they must be.
    private func decode(_ bytes: [UInt8]) -> (text: String, hasEnd: Bool)? {
        var data: [UInt8] = []
        var rest = bytes[...]
        while let line = rest.firstIndex(of: 0x0A) {
            guard let size = Int(String(decoding: rest[..<(line - 1)], as: UTF8.self), radix: 16) else { return nil }
            let end = line + 1 + size
            guard rest.endIndex >= end + 2, rest[end] == 0x0D, rest[end + 1] == 0x0A else { return nil }
            data += rest[(line + 1)..<end]
            rest = rest[(end + 2)...]
            if size == 0 { return rest.isEmpty ? (String(decoding: data, as: UTF8.self), true) : nil }
        }
        return rest.isEmpty ? (String(decoding: data, as: UTF8.self), false) : nil
    }

    @Test(arguments: formats)
    func chunksHoldWhatAStreamWithoutThemSends(format: StreamFormat) throws {
        var plain = format
        plain.isChunked = false
        let stage = Stage()
        let outlets = [format, plain].map { stage.open(format: $0).outlet }
        for outlet in outlets { outlet.clear() }
        stage.commit([Stage.event(1, raw: #"{"a":1}"#), Stage.event(2)])
        stage.commit((3...400).map { Stage.event($0, raw: String(repeating: "1", count: $0 * 9)) })
        let decoded = try #require(decode(outlets[0].bytes))
        #expect(decoded.text == outlets[1].text)
        #expect(!decoded.hasEnd)
    }

    @Test
    func sizesOfAnyLengthAreHex() {
        for size in [1, 9, 10, 15, 16, 255, 256, 4095, 4096, 1 << 20] {
            let bytes = [UInt8](repeating: 0x61, count: size)
            #expect(decode(Chunk.around(bytes))?.text.utf8.count == size)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Chunk.headBytes, alignment: 1)
            defer { memory.deallocate() }
            let count = Chunk.writeHead(of: size, to: memory)
            #expect(String(decoding: memory[..<count], as: UTF8.self) == String(size, radix: 16) + "\r\n")
        }
    }

    /// A write may be cut at any byte: in the size, the data or the line's end.
    @Test(arguments: [formats[0], formats[2], formats[4]])
    func chunkCutAnywhereIsGoneOnWithExactly(format: StreamFormat) throws {
        let whole = TestOutlet()
        let full = Stage()
        _ = full.open(format: format, outlet: whole)
        whole.clear()
        full.commit([Stage.event(1, raw: "[1]"), Stage.event(2, raw: "[2]"), Stage.event(3)])
        for room in 0..<whole.bytes.count {
            let stage = Stage()
            let (subscriber, outlet) = stage.open(format: format)
            outlet.clear()
            outlet.room = room
            stage.commit([Stage.event(1, raw: "[1]"), Stage.event(2, raw: "[2]"), Stage.event(3)])
            outlet.room = nil
            stage.hub.outletHasRoom(subscriber)
            stage.settle()
            #expect(outlet.bytes == whole.bytes, "cut after \(room) bytes")
        }
    }

    @Test(arguments: ["limit", "caught up", "expired", "draining", "revoked", "retire"])
    func orderlyEndHasTheLastChunk(how: String) throws {
        var settings = HubSettings()
        if how == "retire" { settings.maxAgeMilliseconds = 20_000 }
        let stage = Stage(before: 3, settings: settings)
        let outlet = TestOutlet()
        var subscription = Subscription.everything(from: .oldest)
        subscription.format.isChunked = true
        if how == "limit" { subscription.limitEvents = 2 }
        if how == "caught up" { subscription.endsWhenCaughtUp = true }
        if how == "expired" { subscription.expiresAt = stage.wall + 5_000 }
        let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
        stage.settle()
        switch how {
        case "expired": stage.pass(milliseconds: 6_000)
        case "draining": _ = stage.hub.drain(upTo: 1, spreadMilliseconds: 0)
        case "revoked": stage.hub.close(subscriber, .revoked)
        case "retire": stage.pass(milliseconds: 21_000)
        default: break
        }
        #expect(outlet.isClosed)
        #expect(try #require(decode(outlet.bytes)).hasEnd)
    }

    /// The last chunk has no room: the stream waits for it, and sends nothing after it.
    @Test
    func lastChunkIsWaitedForAndNothingFollowsIt() throws {
        let whole = TestOutlet()
        var subscription = Subscription.everything()
        subscription.format.isChunked = true
        subscription.limitEvents = 1
        let full = Stage()
        _ = full.hub.subscribe(subscription, outlet: whole)
        whole.clear()
        full.commit()
        #expect(whole.bytes.suffix(5) == Chunk.last[...])
        for room in (whole.bytes.count - 5)..<whole.bytes.count {
            let stage = Stage()
            let outlet = TestOutlet()
            let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
            outlet.clear()
            outlet.room = room
            stage.commit()
            #expect(!outlet.isClosed)
            stage.commit()
            outlet.room = nil
            stage.hub.outletHasRoom(subscriber)
            stage.settle()
            #expect(outlet.bytes == whole.bytes)
            #expect(outlet.isClosed)
            #expect(stage.ends == [.limitReached])
        }
    }

    @Test
    func brokenStreamHasNoLastChunk() throws {
        let stage = Stage()
        let outlet = TestOutlet()
        var subscription = Subscription.everything()
        subscription.format.isChunked = true
        let subscriber = stage.hub.subscribe(subscription, outlet: outlet)
        outlet.room = 30
        stage.commit(3)
        stage.hub.close(subscriber, .revoked)
        #expect(outlet.isClosed)
        #expect(!outlet.text.hasSuffix("0\r\n\r\n"))
    }

    /// The type is free, and a page that listens for `error` must not take it for a broken connection.
    @Test(arguments: ["error", "open", "message"])
    func namedStreamNeverUsesANameOfEventSourcesOwn(type: String) {
        let stage = Stage()
        let outlet = stage.open(format: FormatTests.named).outlet
        stage.commit([
            Stage.event(1, type: EventType(rawValue: WireText(type))),
            Stage.event(2, type: EventType(rawValue: "errors")),
        ])
        #expect(outlet.text.contains("event: event.\(type)\nid: 1-0\ndata: {\"type\":\"\(type)\""))
        #expect(outlet.text.contains("event: errors\n"))
        #expect(!outlet.text.contains("event: \(type)\n"))
    }

    @Test
    func streamsOfOneAgeAreRetiredOverAQuarterOfIt() {
        var settings = HubSettings()
        settings.maxAgeMilliseconds = 80_000
        let stage = Stage(settings: settings)
        let outlets = (0..<200).map { _ in stage.open().outlet }
        stage.pass(milliseconds: 59_000)
        #expect(stage.ends.isEmpty)
        stage.pass(milliseconds: 11_000)
        #expect((50...150).contains(stage.ends.count))
        stage.pass(milliseconds: 11_000)
        #expect(stage.ends == Array(repeating: .retired, count: 200))
        for outlet in outlets { #expect(outlet.text.contains(#"data: {"type":"retire","retryMs":"#)) }
    }
}
