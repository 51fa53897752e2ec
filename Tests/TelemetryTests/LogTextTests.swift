import Events
import Testing
import Wire

@testable import Telemetry

@Suite struct LogTextTests {
    @Test func longTextsAreCutAndQuotedOnesStayOneWord() {
        #expect(LogText.cut("short") == "short")
        #expect(LogText.cut(WireText(String(repeating: "x", count: 1000))).utf8.count < 300)
        #expect(LogText.quoted("a \"b\"\n") == #""a \"b\"\n""#)
    }

    @Test(arguments: [
        ("call_42", true), ("team_*", true), ("call_3f2b8c1e-9d4a-4e0f-8a7b-1c2d3e4f5a6b", true),
        ("team-standup-of-the-engineers", true), (String(repeating: "x", count: 21), false),
        ("7TzhkprGcuyTq0mV3rT8uX", false), ("PI8BPyg-j6EF_q0mV3rT8uXkLw2nYc5bZ7hJ9dGfS1A", false),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl", false),
    ])
    func whatMayBeATokenIsNotShown(text: String, isShown: Bool) {
        #expect(LogText.shown(WireText(text)) == (isShown ? text : "…"))
    }

    @Test(arguments: [
        ("plain", "plain"), ("é ü", "é ü"), ("a\nb", "a b"), ("a\u{1B}[2Jb", "a [2Jb"), ("a\u{9B}2Jb", "a 2Jb"),
        ("\u{7F}", " "), ("a\r\nb", "a  b"), ("a\u{202E}b", "a b"), ("a\u{2028}b", "a b"),
        ("\u{1F469}\u{200D}\u{1F4BB}", "\u{1F469}\u{200D}\u{1F4BB}"),
    ])
    func whatCouldForgeALineOrSteerATerminalIsBlanked(text: String, shown: String) {
        #expect(LogOutput.harmless(text) == shown)
    }

    @Test func aNameCannotSteerATerminalFromWithinItsQuotes() {
        #expect(LogText.quoted("a\u{9B}2Jb\u{7F}") == "\"a 2Jb \"")
    }

    @Test(arguments: [
        ("\u{202E}", "\\u202e"), ("\u{2066}a\u{2069}", "\\u2066a\\u2069"), ("\u{200F}", "\\u200f"),
        ("\u{2028}\u{2029}", "\\u2028\\u2029"), ("\u{FEFF}", "\\ufeff"), ("\u{E0041}", "\\udb40\\udc41"),
        ("\u{85}", "\\u0085"), ("\u{1F469}\u{200D}\u{1F4BB}", "\u{1F469}\u{200D}\u{1F4BB}"),
    ])
    func directionMarksAndLineSeparatorsAreEscapedInALine(text: String, shown: String) throws {
        let line = LogOutput.jsonLine { $0.member("path", text) }
        #expect(String(decoding: line, as: UTF8.self) == "{\"path\":\"\(shown)\"}\n")
        // The same text to a reader of JSON.
        let path = try JSONReader.value(line.dropLast()).object?["path"]?.string
        #expect(path == WireText(text))
    }

    @Test(arguments: [
        ("https://app.example.com", "https://app.example.com"), ("http://[::1]:5173", "http://[::1]:5173"),
        ("https://site-0123456789abcdef0123456789abcdef.pages.example", nil),
        ("https://eyJhbGciOiJIUzI1NiJ9.example.com", "https://…"), ("null", "null"), ("https://a b", "https://a…"),
        ("https://" + String(repeating: "ab", count: 40), "https://…"), ("https://a.b\u{9B}", "https://a.b…"),
    ])
    func anOriginIsShownUnlessItMayBeAToken(origin: String, shown: String?) {
        #expect(LogText.origin(WireText(origin)) == shown ?? origin)
    }

    @Test func whatJSONWouldLetStandIsEscapedInALine() {
        let line = LogOutput.jsonLine { $0.member("path", "\u{9B}2J\u{7F}\u{1B}é") }
        #expect(String(decoding: line, as: UTF8.self) == "{\"path\":\"\\u009b2J\\u007f\\u001bé\"}\n")
    }
}
