import Testing
import Wire

@testable import FrontDoor

struct HeadTests {
    static let heads: [(String, HeaderScanner.Violation?)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", nil),
        ("GET / HTTP/1.1\nHost: a\n\n", nil),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", nil),
        ("POST / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX_1!: a:b c\t\r\n\r\n body\0 : \r", nil),
        ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", .foldedLine),
        ("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", .foldedLine),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .blankBeforeColon),
        ("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", .blankBeforeColon),
        ("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", .nul),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", .nul),
        ("GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", .lineWithoutColon),
        ("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", .bareReturn),
        ("GET / HTTP/1.1\r\nX: a\r\r\nHost: b\r\n\r\n", .bareReturn),
        ("GET / HTTP/1.1\r\n: a\r\n\r\n", .invalidName),
        ("GET / HTTP/1.1\r\nHo\u{B}st: a\r\n\r\n", .invalidName),
        ("GET / HTTP/1.1\r\nTransfer(Encoding): a\r\n\r\n", .invalidName),
    ]

    @Test(arguments: heads)
    func violationIsFoundHoweverTheHeadIsSplit(head: String, violation: HeaderScanner.Violation?) {
        let bytes = Array(head.utf8)
        for split in 0...bytes.count {
            var scanner = HeaderScanner()
            Array(bytes[..<split]).withUnsafeBytes { scanner.read($0) }
            Array(bytes[split...]).withUnsafeBytes { scanner.read($0) }
            #expect(scanner.violation == violation, "split at \(split)")
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.0\r\nHost: a1\r\n\r\n", true), ("GET /0 HTTP/1.1\r\nHost: a0\r\n\r\n", false),
        ("\r\nGET / HTTP/1.0\n\n", true),
    ])
    func theVersionIsThatOfTheRequestLine(head: String, isHTTP10: Bool) {
        var scanner = HeaderScanner()
        Array(head.utf8).withUnsafeBytes { scanner.read($0) }
        #expect(scanner.isHTTP10 == isHTTP10)
    }

    static let framings: [([(String, String)], Bool)] = [
        ([("Host", "a")], true),
        ([("host", "a"), ("content-length", "0")], true),
        ([("Host", "a"), ("Transfer-Encoding", "Chunked")], true),
        ([], false),
        ([("Host", "a"), ("Host", "a")], false),
        ([("Host", "a"), ("Content-Length", "5"), ("content-length", "5")], false),
        ([("Host", "a"), ("Content-Length", "+5")], false),
        ([("Host", "a"), ("Content-Length", "-5")], false),
        ([("Host", "a"), ("Content-Length", "")], false),
        ([("Host", "a"), ("Content-Length", "5, 5")], false),
        ([("Host", "a"), ("Content-Length", "0x5")], false),
        ([("Host", "a"), ("Transfer-Encoding", "identity")], false),
        ([("Host", "a"), ("Transfer-Encoding", "gzip, chunked")], false),
        ([("Host", "a"), ("Transfer-Encoding", "chunked, chunked")], false),
        ([("Host", "a"), ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], false),
        ([("Host", "a"), ("Transfer-Encoding", "chunked"), ("Content-Length", "5")], false),
        ([("Host", "a"), ("Transfer-Encoding", "\u{B}chunked")], false),
    ]

    @Test(arguments: framings)
    func headOnWhichTwoReadersCouldDisagreeIsRefused(headers: [(String, String)], isGood: Bool) {
        let named = headers.map { (name: WireText($0.0), value: WireText($0.1)) }
        #expect((Framing(headers: named).problem == nil) == isGood)
    }

    static let codings: [(String, Bool, String?)] = [
        ("abc", false, "abc"), ("a%2Fb", false, "a/b"), ("a%2fb", false, "a/b"), ("a+b", false, "a+b"),
        ("a+b", true, "a b"), ("a%2Bb", true, "a+b"), ("%C3%A9", false, "é"), ("%", false, nil), ("%4", false, nil),
        ("%zz", false, nil), ("%00", false, nil), ("%C3", false, nil), ("%ED%A0%80", false, nil), ("", false, ""),
    ]

    @Test(arguments: codings)
    func percentEncodingIsDecodedOrRefused(text: String, plusIsBlank: Bool, decoded: String?) {
        #expect(PercentCoding.decode(text.utf8, plusIsBlank: plusIsBlank) == decoded.map { WireText($0) })
    }

    @Test
    func targetIsSplitBeforeItIsDecoded() throws {
        let split = try #require(PercentCoding.split("/api//rooms/a%2Fb%3Fc?room=x%26y&room=z&flag&=v&a=b=c?d", most: 256))
        #expect(split.path == ["api", "rooms", "a/b?c"])
        #expect(split.query.map(\.name) == ["room", "room", "flag", "", "a"])
        #expect(split.query.map(\.value) == ["x&y", "z", "", "v", "b=c?d"])
        #expect(PercentCoding.split("/a?b=%", most: 256)?.path == nil)
        #expect(PercentCoding.split("", most: 256)?.path == [])
    }
}
