import TestSupport
import Testing
import Wire

/// Writing JSON on one line.
struct JSONWriterTests {
    @Test func membersStandInTheOrderInWhichTheyAreGiven() {
        let text = JSONWriter.text { writer in
            writer.object { writer in
                writer.member("z", "a\"b\\\n\u{1F}ü")
                writer.member("a", Int64.min)
                writer.member("list") { $0.member("empty", object: { _ in }) }
                writer.name("array")
                writer.array { writer in
                    writer.integer(0)
                    writer.string("")
                    writer.value(.null)
                    writer.encoded(Array(#"{"x":1}"#.utf8))
                    writer.array { _ in }
                }
                writer.member("d", 0.1)
                writer.member("b", true)
                writer.member("t", time: 1_790_000_000_123)
            }
        }
        #expect(
            text == #"""
                {"z":"a\"b\\\n\u001fü","a":-9223372036854775808,"list":{"empty":{}},\#
                "array":[0,"",null,{"x":1},[]],"d":0.1,"b":true,"t":"2026-09-21T14:13:20.123Z"}
                """#)
    }

    @Test func absentValuesLeaveTheMemberOut() {
        let text = JSONWriter.text { writer in
            writer.object { writer in
                writer.member("a", String?.none)
                writer.member("b", Int64?.none)
                writer.member("c", Double?.none)
                writer.member("d", Double.nan)
                writer.member("e", -Double.infinity)
                writer.member("f", Bool?.none)
                writer.member("g", JSONValue?.none)
                writer.member("h", time: nil)
                writer.member("j", JSONValue.null)
            }
        }
        #expect(text == #"{"j":null}"#)
    }

    @Test(arguments: [
        (5, "5"), (5.5, "5.5"), (-0.0, "0"), (1e300, "1e+300"), (11.419, "11.419"),
        (Double.leastNonzeroMagnitude, "5e-324"),
    ])
    func doubleIsWrittenInItsShortestForm(_ double: Double, _ text: String) throws {
        let written = JSONWriter.text { $0.value(.number(double)) }
        #expect(written == text)
        #expect(try JSONReader.value(written).double == double)
    }

    @Test func objectKeepsItsNamesUniqueAndInOrder() {
        var object: JSONObject = ["a": .integer(1), "b": .integer(2), "a": .integer(3)]
        #expect(object.members.map(\.name) == ["a", "b"])
        #expect(object["a"] == .integer(3))
        object["c"] = .null
        object["b"] = nil
        object["none"] = nil
        #expect(object.members.map(\.name) == ["a", "c"])
        #expect(!object.isEmpty)
    }

    /// Some readers of lines end one at these, so that half an object would be read as a whole one.
    @Test func lineSeparatorsAreEscapedWhereverTheyStand() throws {
        let text = "a\u{2028}b\u{2029}\u{85}\u{2028}é“€\u{2027}\u{202A}\u{84}Â\u{2028}"
        let written = JSONWriter.text { $0.value(.object(["\u{85}": .string(WireText(text))])) }
        #expect(
            written == #"{"\u0085":"a\u2028b\u2029\u0085\u2028é“€"# + "\u{2027}\u{202A}\u{84}Â" + #"\u2028"}"#)
        #expect(try JSONReader.value(written) == .object(["\u{85}": .string(WireText(text))]))
    }
}
