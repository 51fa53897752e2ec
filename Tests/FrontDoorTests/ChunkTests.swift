import Testing

@testable import FrontDoor

struct ChunkTests {
    typealias Violation = ChunkScanner.Violation

    static let long = String(repeating: "e", count: 300)
    static let bodies: [(String, Violation?)] = [
        ("0\r\n\r\n", nil), ("5\r\nhello\r\n0\r\n\r\n", nil), ("a\r\n0123456789\r\n000\r\n\r\n", nil),
        ("A\r\n0123456789\r\n0\r\n\r\n", nil), ("5;a\r\nhello\r\n0;b=c\r\n\r\n", nil),
        ("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", nil), ("5 \t; a\r\nhello\r\n0\r\n\r\n", nil),
        ("5\r\nhello\r\n0\r\nX: y\r\nZ:\r\n\r\n", nil),
        ("0x0\r\n\r\n", .size), ("+0\r\n\r\n", .size), ("-1\r\n\r\n", .size), (" 5\r\nhello\r\n0\r\n\r\n", .size),
        ("\r\n0\r\n\r\n", .size), ("5 \r\nhello\r\n0\r\n\r\n", .size), ("5 5\r\nhello\r\n0\r\n\r\n", .size),
        ("g\r\n", .size), ("5,a\r\n", .size), ("5\0\r\n", .size), ("\u{664}\r\n", .size),
        ("5\nhello\r\n0\r\n\r\n", .bareNewline), ("5\rhello\r\n0\r\n\r\n", .bareNewline),
        ("5\r\nhello\n0\r\n\r\n", .dataEnd), ("5\r\nhello0\r\n\r\n", .dataEnd), ("5\r\nhello!\r\n0\r\n\r\n", .dataEnd),
        ("5\r\nhello\r0\r\n\r\n", .bareNewline), ("5\r\nhello\r\n\r\n0\r\n\r\n", .size),
        ("0\r\n\n", .bareNewline), ("0\r\n\rx", .bareNewline), ("0\r\nX: y\n\r\n", .bareNewline),
        ("0\r\n folded\r\n\r\n", .trailer), ("0\r\nX y\r\n\r\n", .trailer), ("0\r\nX\r\n\r\n", .trailer),
        ("0\r\n: y\r\n\r\n", .trailer), ("0\r\nX: \0\r\n\r\n", .control), ("5;\0\r\nhello\r\n", .control),
        ("5;\(long)\r\nhello\r\n", .sizeLine), (String(repeating: "0", count: 300), .tooLarge),
        ("ffffffffffffffff\r\n", .tooLarge), ("fffffffffffffff\r\n", .tooLarge), ("3e9\r\n", .tooLarge),
        ("0\r\nX: \(String(repeating: "x", count: ChunkScanner.framingBytes))", .framing),
        (String(repeating: "1;\(String(repeating: "e", count: 200))\r\nx\r\n", count: 100), .framing),
    ]

    /// Reads a body in two parts; what is wrong with it, and how much of it was the body's.
    private func read(_ body: String, split: Int, limit: Int = 1000) -> (Violation?, Int, ChunkScanner, [UInt8]) {
        var scanner = ChunkScanner(limit: limit)
        var bytes = Array(body.utf8)
        var used = 0
        let violation = bytes.withUnsafeMutableBytes { all -> Violation? in
            for part in [0..<split, split..<all.count] {
                switch scanner.read(UnsafeMutableRawBufferPointer(rebasing: all[part])) {
                case .success(let count): used += count
                case .failure(let fault): return fault.violation
                }
            }
            return nil
        }
        return (violation, used, scanner, bytes)
    }

    @Test(arguments: bodies)
    func theFramingIsReadStrictlyHoweverTheBytesAreSplit(body: String, violation: Violation?) {
        let next = "GET /"
        let count = body.utf8.count
        for split in count < 100 ? Array(0...count) : [0, count / 2, count] {
            let (found, used, scanner, _) = read(body + next, split: split)
            #expect(found == violation, "split at \(split)")
            guard violation == nil else { continue }
            #expect(scanner.isAtEnd && used == count, "split at \(split)")
        }
    }

    @Test
    func anExtensionBeginsWithABlankForTheReaderBehind() {
        #expect(
            String(decoding: read("5;a=b\r\nhello\r\n0\t;c\r\n\r\n", split: 3).3, as: UTF8.self)
                == "5 a=b\r\nhello\r\n0 ;c\r\n\r\n")
    }

    @Test
    func dataIsPassedOverWithoutBeingLookedAt() {
        var (_, _, scanner, _) = read("64\r\n", split: 0)
        #expect(scanner.dataLeft == 100)
        scanner.skip(99)
        #expect(scanner.dataLeft == 1)
        var rest = Array("x\r\n0\r\n\r\n".utf8)
        rest.withUnsafeMutableBytes { _ = scanner.read($0) }
        #expect(scanner.isAtEnd && scanner.bodyBytes == 100)
    }

    @Test
    func allChunksTogetherHaveTheLimit() {
        let body = String(repeating: "1\r\nx\r\n", count: 10) + "0\r\n\r\n"
        #expect(read(body, split: 0, limit: 10).0 == nil)
        #expect(read(body, split: 0, limit: 9).0 == .tooLarge)
    }
}
