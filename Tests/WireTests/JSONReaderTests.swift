import TestSupport
import Testing
import Wire

/// Reading JSON strictly.
struct JSONReaderTests {
    private func written(_ text: String) throws -> String {
        let value = try JSONReader.value(text)
        return JSONWriter.text { $0.value(value) }
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "1.50", "1e5", "1E+05", "-0", "0.1e-7", "\"\"", "\"a\"", "[]", "{}", "[1,[2,{\"a\":[]}],\"x\"]",
        #"{"b":1,"a":{"c":null},"":true}"#, #""\"\\\n\r\t\u0000\u001f""#, "\"Zoë 🦊 客厅\"",
    ])
    func textIsWrittenAsItWasRead(_ text: String) throws {
        // `-0` is the one integer that has another text.
        #expect(try written(text) == (text == "-0" ? "0" : text))
    }

    @Test(arguments: [
        (" \n\t\r[ 1 , 2 ] ", "[1,2]"), (#"{ "a" : 1 }"#, #"{"a":1}"#), (#""\u0041\/\b\f""#, #""A/\u0008\u000c""#),
        (#""\ud83e\udd8a""#, "\"🦊\""), (#""\u00e9\uFFFF""#, "\"é\u{FFFF}\""),
    ])
    func otherSpellingsOfTheSameAreTaken(_ text: String, _ expected: String) throws {
        #expect(try written(text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "+1", "01", "-", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "'a'",
        "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "\"\u{1}\"", "[", "[1", "[1,", "[1,]", "[,1]",
        "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{1:2}", "1 2", "{}x",
        "\u{FEFF}{}", "// c\n1",
    ])
    func anythingElseIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONReader.value(text) }
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\ud800""#, #""\udd8a\ud83e""#,
    ])
    func halfASurrogatePairIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONReader.value(text) }
    }

    @Test(arguments: [
        (#""\ud800""#, "\u{FFFD}"), (#""\udc00""#, "\u{FFFD}"), (#""\ud800x""#, "\u{FFFD}x"),
        (#""\ud800\n""#, "\u{FFFD}\n"),
        (#""\ud800\ud800""#, "\u{FFFD}\u{FFFD}"), (#""\udd8a\ud83e""#, "\u{FFFD}\u{FFFD}"),
        (#""\ud83e\ud83e\udd8a""#, "\u{FFFD}🦊"), (#""\ud83e\u0041""#, "\u{FFFD}A"), (#""a\ud83e""#, "a\u{FFFD}"),
    ])
    func halfASurrogatePairIsReplacedForWhoAsks(_ text: String, _ expected: WireText) throws {
        let read = try JSONReader.value(Array(text.utf8), loneSurrogates: .replaced)
        #expect(read.value.string == expected)
        #expect(read.hasLoneSurrogates)
    }

    @Test(arguments: [#""\ud800\u12""#, #""\ud800\"#, #""\ud800\u""#, #""\ud800"#])
    func whatIsCutOffIsStillRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONReader.value(Array(text.utf8), loneSurrogates: .replaced) }
    }

    @Test func aWholePairIsNoLoneSurrogate() throws {
        let read = try JSONReader.value(Array(#""\ud83e\udd8a""#.utf8), loneSurrogates: .replaced)
        #expect(read.value == .string("🦊") && !read.hasLoneSurrogates)
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC0, 0x80], [0x80],
        ] as [[UInt8]])
    func invalidUTF8IsRefused(_ bytes: [UInt8]) {
        for prefix in ["", "plain", "\\n"] {
            let text = Array("\"\(prefix)".utf8) + bytes + [0x22]
            #expect(throws: JSONError.self) { try JSONReader.value(text) }
        }
    }

    @Test func lastOfDuplicateMembersStaysInTheFirstsPlace() throws {
        #expect(try written(#"{"a":1,"b":2,"a":3}"#) == #"{"a":3,"b":2}"#)
        let many = (0..<40).map { "\"k\($0 % 20)\":\($0)" }.joined(separator: ",")
        let object = try #require(try JSONReader.value("{\(many)}").object)
        #expect(object.members.map(\.name) == (0..<20).map { "k\($0)" })
        #expect(object.members.map(\.value) == (20..<40).map { .integer($0) })
    }

    @Test(.timeLimit(.minutes(1))) func objectOfManyMembersDoesNotCostTheirSquare() throws {
        let unique = (0..<60_000).map { "\"k\($0)\":1" }
        let repeated = Array(repeating: "\"k59999\":2", count: 60_000)
        let object = try #require(try JSONReader.value("{\((unique + repeated).joined(separator: ","))}").object)
        #expect(object.members.count == 60_000)
        #expect(object.members.last?.value == .integer(2))
        #expect(object.mapValues { _ in .null }.members.count == 60_000)
    }

    @Test func nestingHasALimit() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        _ = try JSONReader.value(nested(Limits.jsonNestingLevels))
        #expect(throws: JSONError.self) { try JSONReader.value(nested(Limits.jsonNestingLevels + 1)) }
        #expect(throws: JSONError.self) { try JSONReader.value(String(repeating: "[{\"a\":", count: 100_000)) }
    }

    @Test func errorSaysWhereAndShowsNothingOfTheText() throws {
        let error = try #require(throws: JSONError.self) { try JSONReader.value(#"{"a":secret}"#) }
        #expect(error.offsetBytes == 5)
        #expect(!error.description.contains("secret"))
        #expect(error.description.hasPrefix("not JSON: "))
    }

    @Test func bytesInPiecesAreReadAsWell() throws {
        let lazy = AnySequence("[1,2]".utf8)
        #expect(try JSONReader.value(lazy) == .array([.integer(1), .integer(2)]))
        let slice = Array("x[1]x".utf8)[1..<4]
        #expect(try JSONReader.value(slice) == .array([.integer(1)]))
    }

    @Test(
        arguments: [
            ("5", 5, 5), ("-5", -5, -5), ("5.9", 5.9, 5), ("-5.9", -5.9, -5), ("1e3", 1000, 1000),
            ("1e400", .infinity, nil),
            ("9223372036854775808", 9_223_372_036_854_775_808, nil), ("\"5\"", nil, nil), ("true", nil, nil),
        ] as [(String, Double?, Int64?)])
    func numbersAreReadAsTheyFit(_ text: String, _ double: Double?, _ integer: Int64?) throws {
        let value = try JSONReader.value(text)
        #expect(value.double == double)
        #expect(value.integer == integer)
    }

    @Test func randomBytesNeverCrash() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array(#"{}[]",:\u0123456789abdeflnrstu.-+ é"#.utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                    : UInt8.random(in: 0...255, using: &random)
            }
            guard let value = try? JSONReader.value(bytes) else { continue }
            let again = JSONWriter.bytes { $0.value(value) }
            #expect((try? JSONReader.value(again)) == value)
        }
    }
}
