import Telemetry
import Testing
import Wire

@testable import API

@Suite struct MetricsFormatTests {
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
