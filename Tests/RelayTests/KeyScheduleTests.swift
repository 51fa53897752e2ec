import API
import Events
import FoundationEssentials
import Settings
import TestSupport
import Testing
import Wire

@testable import Relay

/// A schedule behind a reference, so that expectations can change it.
private final class Subject {
    private(set) var value: KeySchedule

    init(_ value: KeySchedule) { self.value = value }

    func begins(now: Int64) -> Bool { value.begins(now: SteadyTime(milliseconds: now)) }
    func demand(now: Int64) -> KeyAnswer { value.demand(now: SteadyTime(milliseconds: now)) }
    func demandAfterWait(now: Int64) -> KeyAnswer {
        value.demandAfterWait(now: SteadyTime(milliseconds: now))
    }
    func succeeded(maxAgeSeconds: Int? = nil, now: Int64) {
        value.succeeded(maxAgeSeconds: maxAgeSeconds, now: SteadyTime(milliseconds: now))
    }
    func failed(now: Int64) { value.failed(now: SteadyTime(milliseconds: now)) }
}

@Suite struct KeyScheduleTests {
    private static let demand = Limits.keyDemandMilliseconds
    private static let hour: Int64 = 3_600_000

    private func schedule(refresh: Int64 = hour, hasKeys: Bool = false) -> Subject {
        Subject(KeySchedule(refreshMilliseconds: refresh, hasKeys: hasKeys, now: 0))
    }

    /// A schedule that has just fetched, between 0 and `now`.
    private func fetched(refresh: Int64 = hour, maxAgeSeconds: Int? = nil, now: Int64 = 100) -> Subject {
        let schedule = schedule(refresh: refresh)
        #expect(schedule.begins(now: 0))
        schedule.succeeded(maxAgeSeconds: maxAgeSeconds, now: now)
        return schedule
    }

    /// When the next fetch begins, looked for every 100 ms.
    private func next(_ schedule: Subject, from now: Int64 = 100) -> Int64? {
        stride(from: now, to: 30 * 24 * Self.hour, by: 100).first { schedule.begins(now: $0) }
    }

    @Test func firstFetchIsDueAtOnceAndOneAtATime() {
        let schedule = schedule()
        #expect(schedule.begins(now: 0))
        #expect(!schedule.begins(now: 0))
        #expect(!schedule.begins(now: Self.hour))
    }

    @Test(
        arguments: [
            (nil, 3_600_100), (86_400, 3_600_100), (Int.max, 3_600_100), (600, 600_100), (5, 60_100), (0, 60_100),
        ] as [(Int?, Int64)])
    func nextFetchIsAtTheIntervalOrWhenTheAnswerIsStale(maxAgeSeconds: Int?, expected: Int64) {
        #expect(next(fetched(maxAgeSeconds: maxAgeSeconds)) == expected)
    }

    @Test func intervalBelowAMinuteStillCounts() {
        #expect(next(fetched(refresh: 1000, maxAgeSeconds: 3600)) == 1_100)
        #expect(next(fetched(refresh: 1000, maxAgeSeconds: 0)) == 1_100)
    }

    @Test func unknownKeyWaitsForTheFetchUnderWay() {
        let schedule = schedule()
        #expect(schedule.begins(now: 0))
        #expect(schedule.demand(now: 1) == .wait)
        schedule.succeeded(now: 2)
        #expect(schedule.demandAfterWait(now: 3) == .judge)
        // It was no further demand.
        #expect(next(schedule) == Self.hour + 100)
    }

    @Test func unknownKeyHasThemFetchedAtOnceIfTheLastTimeIsLongAgo() {
        let schedule = fetched()
        #expect(schedule.demand(now: Self.demand + 1) == .wait)
        #expect(schedule.begins(now: Self.demand + 1))
    }

    @Test func manyUnknownKeysMakeOneFetchInATime() {
        let schedule = fetched()
        var begun: [Int64] = []
        for now in stride(from: Int64(200), through: 60_000, by: 10) {
            #expect(schedule.demand(now: now) == .wait)
            if schedule.begins(now: now) {
                begun.append(now)
                schedule.succeeded(now: now)
            }
        }
        #expect(begun == Array(stride(from: Self.demand, through: 60_000, by: Int(Self.demand))))
    }

    @Test func afterAFailureNobodyWaits() {
        let schedule = schedule()
        #expect(schedule.begins(now: 0))
        schedule.failed(now: 100)
        #expect(schedule.demandAfterWait(now: 100) == .unavailable(retryAfterSeconds: 5))
        #expect(schedule.demand(now: 100) == .unavailable(retryAfterSeconds: 5))
        #expect(schedule.demand(now: 4_500) == .unavailable(retryAfterSeconds: 1))
        #expect(schedule.begins(now: 5_000))
        // A fetch that began after a failure may stall as well.
        #expect(schedule.demand(now: 5_001) == .unavailable(retryAfterSeconds: 1))
    }

    @Test func failuresAreFurtherAndFurtherApart() {
        let schedule = schedule()
        var starts: [Int64] = []
        for now in stride(from: Int64(0), through: 400_000, by: 100) where schedule.begins(now: now) {
            starts.append(now)
            schedule.failed(now: now)
        }
        #expect(starts == [0, 5_000, 15_000, 35_000, 75_000, 135_000, 195_000, 255_000, 315_000, 375_000])
    }

    @Test func manyFailuresDoNotOverflow() {
        let schedule = schedule()
        for now in stride(from: Int64(0), through: 200 * Self.hour, by: Int(Self.hour)) {
            #expect(schedule.begins(now: now))
            schedule.failed(now: now)
        }
        #expect(schedule.value.failures == 201)
    }

    @Test func successEndsTheTrouble() {
        let schedule = fetched()
        #expect(schedule.begins(now: Self.hour + 100))
        schedule.failed(now: Self.hour + 200)
        #expect(schedule.value.hasKeys)
        #expect(schedule.demandAfterWait(now: Self.hour + 300) != .judge)
        #expect(schedule.begins(now: Self.hour + 6_000))
        schedule.succeeded(now: Self.hour + 6_100)
        #expect(schedule.value.failures == 0)
        #expect(schedule.demandAfterWait(now: Self.hour + 6_200) == .judge)
    }

    @Test func withoutAnyKeysNoTokenIsRefusedForItsKey() {
        #expect(schedule().demandAfterWait(now: 1) != .judge)
        #expect(schedule(hasKeys: true).demandAfterWait(now: 1) == .judge)
    }
}

@Suite struct KeptKeysTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func kept(_ issuer: String, _ url: String) -> KeptKeys {
        KeptKeys(folder: DataFolder(path: folder.path), issuer: issuer, url: url)
    }

    @Test func setIsKeptAndReplacedAndReadAgain() throws {
        let kept = kept("idp", "https://a.example")
        #expect(kept.read() == nil)
        for text in ["{}", String(repeating: "é", count: 100_000), "last"] {
            try kept.write(text)
            #expect(kept.read() == text)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
        let mode = try FileManager.default.attributesOfItem(atPath: kept.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func issuersAndAddressesDoNotMix() throws {
        try kept("a", "https://a.example").write("a")
        #expect(kept("a", "https://b.example").read() == nil)
        #expect(kept("b", "https://a.example").read() == nil)
        #expect(kept("../../a", "https://a.example").path.hasPrefix(folder.path + "/jwks-"))
        #expect(!kept("../../a", "https://a.example").path.contains(".."))
    }

    @Test func whatIsNoTextOrTooLargeIsNotRead() throws {
        let kept = kept("idp", "https://a.example")
        try kept.write(String(repeating: "x", count: Limits.keySetBytes + 1))
        #expect(kept.read() == nil)
        try Data([0xFF, 0xFE]).write(to: URL(filePath: kept.path))
        #expect(kept.read() == nil)
    }
}
