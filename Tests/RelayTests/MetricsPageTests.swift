import Events
import Telemetry
import Testing
import Wire

@testable import Relay

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

    @Test(arguments: [
        ("application/openmetrics-text", true), ("application/openmetrics-text; version=1.0.0", true),
        ("Application/OpenMetrics-Text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", true),
        ("text/plain;q=0.3, application/openmetrics-text;q=0.3", true),
        ("application/openmetrics-text;version=2.0.0", false),
        ("application/openmetrics-text;version=0.0.1", false), ("application/openmetrics-text;q=0", false),
        ("application/openmetrics-text;q=2", false), ("application/openmetrics-text;q=nan", false),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.5", false), ("*/*", false), ("text/plain", false),
        ("application/*", false), ("", false), (",;=,", false),
    ])
    func whatIsPreferredIsRead(accept: String, isOpenMetrics: Bool) {
        #expect((MetricsFormat(accept: WireText(accept)) == .openMetrics) == isOpenMetrics)
    }

    @Test func withoutAWordItIsText() {
        #expect(MetricsFormat(accept: nil) == .text)
        let long = String(repeating: "application/openmetrics-text,", count: 100)
        #expect(MetricsFormat(accept: WireText(long)) == .text)
    }
}
