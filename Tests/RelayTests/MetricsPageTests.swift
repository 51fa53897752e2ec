import Testing

@testable import Relay

@Suite struct MetricsPageTests {
    @Test(arguments: [
        ("own", "own"), (#"a"b\c"#, #"a\"b\\c"#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r\\nb"),
        ("\"\u{301}", "\\\"\u{301}"),
    ])
    func aLabelStaysOneLineWithinItsQuotes(value: String, shown: String) {
        var page = MetricsPage()
        page.sample("name", ["label", value], "1")
        #expect(Array(page.text.utf8) == Array("name{label=\"\(shown)\"} 1\n".utf8))
    }
}
