import Testing
import Wire

/// Text from outside is its bytes.
struct WireTextTests {
    private static let alike: [(WireText, WireText)] = [
        ("caf\u{E9}", "cafe\u{301}"), ("a\u{301}\u{323}", "a\u{323}\u{301}"), ("\u{212B}", "\u{C5}"),
        ("\u{1100}\u{1161}", "\u{AC00}"), ("\u{37E}", ";"),
    ]

    @Test(arguments: alike)
    func textsThatUnicodeTakesForTheSameAreTwo(_ one: WireText, _ other: WireText) {
        #expect(one.string == other.string, "to Swift's text they are the same")
        #expect(one != other)
        #expect(Set([one, other]).count == 2)
        #expect([one: 1, other: 2].count == 2)
        #expect((one < other) != (other < one))
    }

    @Test func orderIsThatOfTheBytes() {
        let texts: [WireText] = ["", "A", "Z", "a", "aa", "ab", "b", "e\u{301}", "\u{E9}", "\u{FFFD}", "\u{1F98A}"]
        #expect(texts.shuffled().sorted() == texts)
    }

    @Test func twoTextsInARowAreNotTwoOthers() {
        struct Pair: Hashable {
            let one: WireText
            let other: WireText
        }
        #expect(Pair(one: "ab", other: "c").hashValue != Pair(one: "a", other: "bc").hashValue)
    }

    @Test func onlyLettersOfASCIIHaveTwoCases() {
        #expect(("ÀBC\u{212A}xyz" as WireText).asciiLowercased() == "Àbc\u{212A}xyz")
        #expect(("Content-LENGTH" as WireText).equalsIgnoringASCIICase("content-length"))
        // The Kelvin sign is a k in lower case to Unicode alone.
        #expect(!("\u{212A}eep" as WireText).equalsIgnoringASCIICase("keep"))
        #expect(!("keep-alive" as WireText).equalsIgnoringASCIICase("keep-alivf"))
        #expect(!("[" as WireText).equalsIgnoringASCIICase("{"))
    }

    @Test func aMarkAfterASeparatorDoesNotHideIt() {
        #expect(("a,\u{301}b,c" as WireText).split(at: UInt8(ascii: ",")) == ["a", "\u{301}b", "c"])
        #expect(("a,,b" as WireText).split(at: UInt8(ascii: ","), omittingEmpty: false) == ["a", "", "b"])
        #expect(("a=b=c" as WireText).split(at: UInt8(ascii: "="), maxSplits: 1) == ["a", "b=c"])
        #expect((" \u{301}a\t " as WireText).trimmingBlanks() == "\u{301}a")
        #expect(("  " as WireText).trimmingBlanks() == "")
        #expect(("\"\u{301}" as WireText).hasPrefix("\""))
        #expect(!("caf\u{E9}" as WireText).hasSuffix("e\u{301}"))
        #expect(("x\r\ny" as WireText).contains("\n"))
        #expect(("x" as WireText).contains(""))
        #expect(!("x" as WireText).contains("xy"))
    }

    @Test func whatIsNotUTF8IsNoText() {
        #expect(WireText(validating: [0x61, 0xFF]) == nil)
        #expect(WireText(validating: Array("é".utf8)) == "é")
        #expect(WireText(decoding: [0x61, 0xFF]) == "a\u{FFFD}")
    }

    @Test(arguments: [0, 30])
    func membersThatOnlyLookAlikeAreBothKept(others: Int) throws {
        let rest = (0..<others).map { #","n\#($0)":0"# }.joined()
        let object = try #require(JSONReader.value("{\"\u{E9}\":1,\"e\u{301}\":2\(rest)}").object)
        #expect(object.members.count == 2 + others)
        #expect(object["\u{E9}"] == .integer(1))
        #expect(object["e\u{301}"] == .integer(2))
        let again = try #require(JSONReader.value("{\"e\u{301}\":1\(rest),\"e\u{301}\":2}").object)
        #expect(again["e\u{301}"] == .integer(2), "of a name that stands twice the last value counts")
        #expect(again.members.count == 1 + others)
    }
}
