import Histogram
import Testing

@testable import roomwire_load

@Suite struct PictureTests {
    private func picture(deliveries: Int) -> Picture {
        var report = Report(scenario: "fanout", label: "a <server> & more")
        report.add("cpu_per_delivery", 5.5, "us")
        var tally = Tally(epoch: 0)
        for number in 0..<deliveries {
            tally.turn(to: Int64(number) * 10_000_000)
            tally.delivered(bytes: 100, latencyNanoseconds: Int64(number) * 1000)
        }
        let samples = (0..<5).map {
            Sampler.Sample(seconds: Double($0), residentBytes: 10_000_000 + Int64($0), cpuPercent: 12.5)
        }
        return Picture(
            report: report, latencies: tally.latencies, answers: nil, timeline: tally.timeline, samples: samples)
    }

    @Test func theSameRunGivesTheSameFile() {
        #expect(picture(deliveries: 1000).svg == picture(deliveries: 1000).svg)
        #expect(picture(deliveries: 1000).svg != picture(deliveries: 999).svg)
    }

    @Test func textIsEscaped() {
        let svg = picture(deliveries: 10).svg
        #expect(svg.contains("a &lt;server&gt; &amp; more: fanout"))
        #expect(!svg.contains("<server>"))
    }

    @Test func whatWasNotMeasuredIsSaid() {
        let svg = picture(deliveries: 0).svg
        #expect(svg.contains("nothing was delivered") && svg.contains("nothing was timed"))
        #expect(!svg.contains("nan") && !svg.contains("inf"))
    }

    @Test func aLongRunIsNoLongFile() {
        let svg = picture(deliveries: 100_000).svg
        #expect(svg.utf8.count < 30_000)
    }

    @Test(arguments: [(0.07, 0.1), (1, 1), (1.1, 2), (3, 5), (70, 100), (200, 200)])
    func stepsAreRound(step: Double, round: Double) {
        #expect(abs(Plot.Axis.roundStep(step) - round) < 1e-9)
    }

    @Test func numbersHaveTheDecimalsTheyNeed() {
        #expect(Canvas.number(1.005, decimals: 1) == "1")
        #expect(Canvas.number(0.25, decimals: 2) == "0.25")
        #expect(Canvas.number(-0.04, decimals: 1) == "0")
        #expect(Plot.Axis.text(250_000, step: 50_000) == "250k")
        #expect(Plot.Axis.upTo(12_000).ticks.map(\.text) == ["0", "5k", "10k", "15k"])
        #expect(Plot.Axis.text(0.02, step: 0.01) == "0.02")
    }

    @Test func anAxisOfDecadesHoldsItsValues() {
        let axis = Plot.Axis.decades(from: 0.7, to: 31)
        #expect(axis.lowest == 0.5 && axis.highest == 50)
        #expect(axis.place(0.5) == 0 && axis.place(50) == 1)
        #expect(axis.ticks.map(\.text) == ["0.5", "1", "2", "5", "10", "20", "50"])
    }

    @Test func theSlopeIsThatOfTheLineThatFitsBest() throws {
        let samples = (0..<10).map { second in
            let bytes: Int64 = second < 4 ? 0 : Int64(1000 + 50 * second)
            return Sampler.Sample(seconds: Double(second), residentBytes: bytes, cpuPercent: 0)
        }
        let slope = try #require(Sampler.slope(samples, from: 4))
        #expect(abs(slope - 50) < 1e-6)
        #expect(Sampler.slope(samples, from: 8) == nil)
    }
}

@Suite struct TallyTests {
    @Test func countsFromSeveralProcessesAddUp() {
        var first = Tally.histogram()
        var second = Tally.histogram()
        for value in 1...100 as ClosedRange<UInt64> {
            first.record(value)
            second.record(value * 1000)
        }
        Counts(second).add(to: &first)
        #expect(first.totalCount == 200)
        #expect(first.valueAtPercentile(50) == 100)
        #expect(first.valuesAreEquivalent(first.max, 100_000))
    }

    @Test func deliveriesFallIntoTheStepInWhichTheyCome() {
        var tally = Tally(epoch: 1_000_000_000)
        tally.turn(to: 1_050_000_000)
        tally.delivered(bytes: 10, latencyNanoseconds: nil)
        tally.turn(to: 1_310_000_000)
        tally.delivered(bytes: 10, latencyNanoseconds: -5)
        #expect(tally.timeline == [1, 0, 0, 1])
        #expect(tally.deliveredBytes == 20)
        #expect(tally.latencies.totalCount == 1)
    }
}
