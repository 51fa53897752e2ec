import Events
import Testing

@testable import roomwire_load

@Suite struct ComparisonTests {
    @Test func ratiosAreOfMediansToTheFirstLabel() throws {
        var comparison = Comparison()
        for (label, value) in [("a", 2.0), ("b", 1), ("a", 10), ("b", 3), ("a", 4), ("b", 200)] {
            var report = Report(scenario: "fanout", label: label)
            report.add("cpu_per_delivery", value, "us")
            comparison.add(try #require(try JSONReader.value(report.json).object))
        }
        #expect(comparison.value("fanout", "cpu_per_delivery", "a")?.median == 4)
        #expect(comparison.value("fanout", "cpu_per_delivery", "a")?.ratio == nil)
        #expect(comparison.value("fanout", "cpu_per_delivery", "b")?.median == 3)
        #expect(comparison.value("fanout", "cpu_per_delivery", "b")?.ratio == 0.75)
        #expect(comparison.table.contains("| fanout | cpu per delivery, us | 4 | 3 (0.75 x) |"))
    }

    @Test func anEvenNumberOfRunsHasTheMeanOfTheMiddleTwo() {
        #expect(Comparison.median([4, 1, 3, 100]) == 3.5)
        #expect(Comparison.median([]) == nil)
    }

    @Test func faultsAreListedByKindAndTheFirstInWords() {
        var report = Report(scenario: "fanout", label: "lossy")
        for stream in 0..<30 { report.faults.note("missing", "stream \(stream) lacks an event") }
        report.faults.note("ended", "stream 1 ended")
        #expect(report.faultList.hasPrefix("lossy: 31 faults: 30 missing, 1 ended\n  stream 0 lacks an event\n"))
        #expect(report.faultList.hasSuffix("  and 11 more\n"))
    }
}
