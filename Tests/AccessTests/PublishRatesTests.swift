import Access
import Events
import TestSupport
import Testing
import Wire

/// How often clients may publish.
@Suite struct PublishRatesTests {
    private let ada = Principal(issuer: "own", user: "ada")
    private let start = SteadyTime(milliseconds: 1_000_000)

    @Test func aQuietUserMayPublishASecondsWorthAtOnceAndThenSteadily() {
        var rates = PublishRates()
        let settings = PublishSettings(perSecond: 20)
        func admitted(_ attempts: Int, at milliseconds: Int64) -> Int {
            (0..<attempts).count { _ in rates.admit(ada, settings, now: start + milliseconds) }
        }
        #expect(admitted(10_000, at: 0) == 20)
        #expect(admitted(100, at: 49) == 0)
        #expect(admitted(100, at: 50) == 1)
        #expect(admitted(100, at: 500) == 9)
        #expect(admitted(100, at: 10_000) == 20)
    }

    @Test func usersOfOneNameAndTwoIssuersHaveARateEach() {
        var rates = PublishRates()
        let settings = PublishSettings(perSecond: 1)
        let answer1 = rates.admit(ada, settings, now: start)
        #expect(answer1)
        let answer2 = rates.admit(ada, settings, now: start)
        #expect(!answer2)
        let answer3 = rates.admit(Principal(issuer: "idp", user: "ada"), settings, now: start)
        #expect(answer3)
    }

    @Test func roomsAreBoundedBesideUsers() {
        var rates = PublishRates()
        let settings = PublishSettings(perSecond: 0, perRoomPerSecond: 3)
        let admitted = (0..<100).count { _ in rates.admit(room: "a", settings, now: start) }
        #expect(admitted == 3)
        let answer4 = rates.admit(room: "b", settings, now: start)
        #expect(answer4)
        for _ in 0..<1_000 {
            let isAdmitted = rates.admit(ada, settings, now: start)
            #expect(isAdmitted)
        }
    }

    @Test func aLowerRateCountsAtOnce() {
        var table = RateTable<Int>(keys: 10)
        for _ in 0..<10 {
            let isAdmitted = table.admit(1, perSecond: 10, now: start)
            #expect(isAdmitted)
        }
        let answer5 = table.admit(1, perSecond: 2, now: start + 100)
        #expect(!answer5)
        let answer6 = table.admit(1, perSecond: 2, now: start + 500)
        #expect(answer6)
    }

    @Test func theTableHoldsTheKeysOfTheLastSecondAlone() {
        var table = RateTable<Int>(keys: 65_536)
        for key in 0..<100_000 {
            let isAdmitted = table.admit(key, perSecond: 10, now: start + Int64(key))
            #expect(isAdmitted)
        }
        #expect(table.count < 3_000)
    }

    @Test func aFullTableKeepsNewKeysOutAndNoOldOnes() {
        var table = RateTable<Int>(keys: 100)
        let admitted = (0..<1_000).count { table.admit($0, perSecond: 10, now: start) }
        #expect(admitted == 100)
        let answer7 = table.admit(5, perSecond: 10, now: start)
        #expect(answer7)
        #expect(table.count == 100)
        // The keys are forgotten when their buckets are full again.
        let answer8 = table.admit(2_000, perSecond: 10, now: start + 1_000)
        #expect(answer8)
        #expect(table.count == 1)
    }
}
