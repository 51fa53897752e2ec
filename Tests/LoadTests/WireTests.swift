import Testing

@testable import roomwire_load

@Suite struct WireTests {
    private func frames(_ pieces: String...) -> [String] {
        var splitter = FrameSplitter()
        var frames: [String] = []
        for piece in pieces {
            Array(piece.utf8).withUnsafeBytes { bytes in
                splitter.split(bytes) { frames.append(String(decoding: $0, as: UTF8.self)) }
            }
        }
        return frames
    }

    @Test func framesEndAtAnEmptyLine() {
        #expect(frames("id: 1\ndata: a\n\ndata: b\n\ndata: c\n") == ["id: 1\ndata: a", "data: b"])
    }

    @Test func linesMayEndAsInHTTP() {
        #expect(frames("data: a\r\n\r\ndata: b\r\n\r\n") == ["data: a\r", "data: b\r"])
    }

    @Test func aFrameThatIsCutAnywhereIsTheSame() {
        let text = "id: 1\ndata: a\n\ndata: b\n\n"
        for cut in 0...text.count {
            #expect(frames(String(text.prefix(cut)), String(text.dropFirst(cut))) == ["id: 1\ndata: a", "data: b"])
        }
    }

    private func decoded(_ pieces: [String]) -> (text: String, isDone: Bool) {
        var chunks = ChunkDecoder()
        var text = ""
        for piece in pieces {
            Array(piece.utf8).withUnsafeBytes { bytes in
                chunks.decode(bytes) { text += String(decoding: $0, as: UTF8.self) }
            }
        }
        return (text, chunks.isDone)
    }

    @Test func chunksThatAreCutAnywhereAreTheSame() {
        let text = "A;x=1\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n"
        for cut in 0...text.count {
            let result = decoded([String(text.prefix(cut)), String(text.dropFirst(cut))])
            #expect(result.text == "0123456789abc")
            #expect(result.isDone)
        }
    }

    @Test func aMarkerIsFoundWhereverItStands() {
        let marker = Marker(run: 0xBEEF)
        let frame = Array("id: 7-0\ndata: {\"load\":\"\(marker.text(1203))\"}".utf8)
        frame.withUnsafeBytes {
            #expect(marker.number(in: $0) == 1203)
            #expect(Marker(run: 0xBEE0).number(in: $0) == nil)
            #expect(Marker.id(in: $0) == "7-0")
        }
    }

    @Test func aMarkerWithoutItsEndIsNone() {
        let marker = Marker(run: 1)
        Array("data: \(marker.prefix)12".utf8).withUnsafeBytes { #expect(marker.number(in: $0) == nil) }
    }

    @Test func aHeadTellsHowTheBodyComes() {
        let head = ResponseHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b:c".utf8)
        #expect(head?.isChunked == true)
        #expect(ResponseHead("HTTP/1.1 429 Too Many\r\ncontent-length: 12".utf8)?.contentLength == 12)
        #expect(ResponseHead("SSH-2.0-OpenSSH".utf8) == nil)
    }
}
