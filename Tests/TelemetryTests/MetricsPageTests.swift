import Events
import Testing
import Wire

@testable import Telemetry

@Suite struct MetricsPageTests {
    @Test(arguments: [
        ("own", "own"), (#"a"b\c"#, #"a\"b\\c"#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r\\nb"),
        ("\"\u{301}", "\\\"\u{301}"),
    ])
    func aLabelStaysOneLineWithinItsQuotes(value: String, shown: String) {
        var page = MetricsPage()
        page.sample("name", [MetricLabel("label", value)], "1")
        #expect(Array(page.text.utf8) == Array("name{label=\"\(shown)\"} 1\n".utf8))
    }

    @Test func openMetricsNamesCountersWithoutTotalAndHasAnEnd() {
        func text(_ format: MetricsFormat) -> String {
            var page = MetricsPage(format: format)
            page.single("things_total", "counter", "Things.", "2")
            page.single("level_total", "gauge", "A level.", "1")
            page.end()
            return page.text
        }
        #expect(text(.openMetrics).hasPrefix("# HELP things Things.\n# TYPE things counter\nthings_total 2\n"))
        #expect(text(.openMetrics).contains("# TYPE level_total gauge\n"))
        #expect(text(.openMetrics).hasSuffix("\n# EOF\n"))
        #expect(text(.text).hasPrefix("# HELP things_total Things.\n# TYPE things_total counter\n"))
        #expect(!text(.text).contains("EOF"))
    }
}
