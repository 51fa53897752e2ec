import Testing

@testable import API

struct ReconnectCostTests {
    @Test(arguments: [false, true])
    func clientsOfAFewStreamsComeBackAtOnce(isSecure: Bool) {
        let cost = ReconnectCost(isSecure: isSecure)
        #expect(cost.spreadMilliseconds(streams: 5, most: 20_000) == 0)
        #expect(cost.spreadMilliseconds(streams: 0, most: 20_000) == 0)
    }

    @Test
    func spreadFollowsTheNumberOfStreamsAndWhatTheyCostToOpen() {
        var cost = ReconnectCost(isSecure: false)
        #expect(cost.spreadMilliseconds(streams: 5_000, most: 20_000) == 4_000)
        #expect(cost.spreadMilliseconds(streams: 10_000, most: 20_000) == 8_000)
        for _ in 0..<200 { cost.opened(inMicroseconds: 800) }
        #expect((19_000...20_000).contains(cost.spreadMilliseconds(streams: 5_000, most: 60_000)))
        #expect(cost.spreadMilliseconds(streams: 50_000, most: 20_000) == 20_000)
    }
}
