import Testing

@testable import Relay

@Suite struct RequestLogTests {
    @Test func longTextsAreCutAndQuotedOnesStayOneWord() {
        #expect(OutputText.cut("short") == "short")
        #expect(OutputText.cut(String(repeating: "x", count: 1000)).utf8.count < 300)
        #expect(OutputText.quoted("a \"b\"\n") == #""a \"b\"\n""#)
    }

    @Test(arguments: [
        ("plain", "plain"), ("é ü", "é ü"), ("a\nb", "a b"), ("a\u{1B}[2Jb", "a [2Jb"), ("a\u{9B}2Jb", "a 2Jb"),
        ("\u{7F}", " "),
    ])
    func whatCouldForgeALineOrSteerATerminalIsBlanked(text: String, shown: String) {
        #expect(LogOutput.harmless(text) == shown)
    }
}
