import Testing
import Wire

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

    @Test func theSameScenarioWithOtherStreamsIsAnotherRow() throws {
        var comparison = Comparison(hasAllFigures: false)
        for streams in [1000.0, 5000] {
            var report = Report(scenario: "fanout", label: "a")
            report.add("streams", streams, "")
            report.add("latency_p99", streams / 100, "ms")
            report.add("latency_p90", 1, "ms")
            comparison.add(try #require(try JSONReader.value(report.json).object))
        }
        #expect(comparison.table.contains("| fanout, 1000 streams | latency p99, ms | 10 |"))
        #expect(comparison.table.contains("| fanout, 5000 streams | latency p99, ms | 50 |"))
        #expect(!comparison.table.contains("p90"))
    }

    @Test func howLateTheTesterWasHasNoRatio() throws {
        var comparison = Comparison(hasAllFigures: false)
        for (label, late) in [("a", 0.5), ("b", 2)] {
            var report = Report(scenario: "fanout", label: label)
            report.add("tester_late_p99", late, "ms")
            report.add("tester_late_max", 10, "ms")
            comparison.add(try #require(try JSONReader.value(report.json).object))
        }
        #expect(comparison.table.contains("| fanout | tester late p99, ms | 0.5 | 2 |"))
        #expect(!comparison.table.contains("max"))
    }

    @Test func faultsAreListedByKindAndTheFirstOfEachInWords() {
        var report = Report(scenario: "fanout", label: "lossy")
        for stream in 0..<30 { report.faults.note(.missing, count: 2, "stream \(stream) lacks two events") }
        report.faults.note(.ended, "stream 1 ended")
        let lines = report.faultList.split(separator: "\n").map(String.init)
        #expect(lines.first == "lossy: 61 faults: 60 missing, 1 ended")
        #expect(lines[1] == "  stream 0 lacks two events" && lines[11] == "  stream 1 ended")
        #expect(lines.last == "  and more" && lines.count == 13)
    }

    @Test func faultsOfSeveralProcessesAddUp() {
        var first = Faults()
        var second = Faults()
        for _ in 0..<8 {
            first.note(.repeated, "first")
            second.note(.repeated, "second")
        }
        second.note(.missing, "gone")
        second.takeBack(.missing)
        first.add(second)
        #expect(first.count == 16)
        #expect(first.byKind.map(\.kind) == [.repeated])
        #expect(first.sentences.filter { $0 != "gone" } == Array(repeating: "first", count: 8) + ["second", "second"])
    }
}
