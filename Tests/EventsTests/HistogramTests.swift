import Events
import Testing
import Wire

@Suite struct HistogramTests {
    @Test func eachMeasurementCountsInEveryBoundAboveIt() {
        var histogram = Histogram(bounds: [1, 2, 5])
        for value in [0.5, 1, 1.5, 5, 7] { histogram.record(value) }
        #expect(histogram.cumulative == [2, 3, 4])
        #expect(histogram.count == 5)
        #expect(histogram.sum == 15)
    }

    @Test func clocksThatDisagreeCountAsNothing() {
        var histogram = Histogram(bounds: [1])
        histogram.record(-3)
        #expect(histogram.cumulative == [1] && histogram.sum == 0)
    }

    @Test func thoseOfSeveralLoopsAreAddedUp() {
        var all = Histogram(bounds: [1, 2])
        var one = Histogram(bounds: [1, 2])
        one.record(0.5)
        one.record(9)
        all.add(one)
        all.add(one)
        #expect(all.cumulative == [2, 2] && all.count == 4 && all.sum == 19)
    }

    @Test(arguments: [Histogram.latencyBoundsSeconds, Histogram.delayBoundsSeconds])
    func boundsGrow(bounds: [Double]) {
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
    }
}
