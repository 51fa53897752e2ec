import Testing

@testable import roomwire_load

@Suite struct AnswerTests {
    private func read(_ text: String) -> ResponseHead.Reading {
        Array(text.utf8).withUnsafeBytes(ResponseHead.read)
    }

    private func head(_ text: String) -> ResponseHead? {
        if case .head(let head) = read(text) { head } else { nil }
    }

    @Test func aHeadTellsHowTheBodyComes() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b:c\r\n\r\n"
        let chunked = head(text + "5\r\nhello\r\n")
        #expect(chunked?.status == 200 && chunked?.isChunked == true && chunked?.contentLength == nil)
        #expect(chunked?.length == text.utf8.count)
        let sized = head("HTTP/1.1 429 Too Many\r\ncontent-length:12\r\n\r\n")
        #expect(sized?.status == 429 && sized?.contentLength == 12 && sized?.isChunked == false)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", false), ("HTTP/1.1 200 OK\r\nConnection: close\r\n", true),
        ("HTTP/1.1 200 OK\r\nCONNECTION:\t Keep-Alive, CLOSE \r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", false),
        ("HTTP/1.1 200 OK\r\nX-Connection: close\r\n", false),
        ("HTTP/1.0 200 OK\r\n", true), ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", false),
    ])
    func whoClosesIsKnown(fields: String, closes: Bool) {
        #expect(head(fields + "\r\n")?.closes == closes)
    }

    @Test(arguments: ["+12", "-1", "1 2", "0x10", "", "9999999999999999999", "12a"])
    func aLengthThatIsNoneIsNotBelieved(length: String) {
        let found = head("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n")
        #expect(found != nil && found?.contentLength == nil)
    }

    @Test(arguments: [
        "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\n\n",
        "HTTP/1.1 200 OK\r\n:\r\nno colon\r\nc\r\nt:\r\n\r\n",
    ])
    func oddHeadsAreReadAllTheSame(text: String) {
        #expect(head(text)?.status == 200)
        #expect(head(text)?.length == text.utf8.count)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n", "SSH-2.0", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "\r\n\r\n",
    ])
    func whatIsNoResponseIsForeign(text: String) {
        #expect(read(text) == .foreign)
    }

    @Test func aHeadThatIsCutAnywhereIsIncomplete() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        for cut in 0..<text.utf8.count { #expect(read(String(text.utf8.prefix(cut)) ?? "") == .incomplete) }
        #expect(head(text)?.contentLength == 0)
    }
}
