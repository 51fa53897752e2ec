import Events
import TestSupport
import Testing
import Wire

@testable import Telemetry

@Suite struct RejectLogTests {
    private let log = RejectLog()

    private func add(_ offer: RejectLog.Offer = .capture([1, 2])) {
        let entry = RejectLog.Entry(
            time: 1, source: "s", provider: nil, reason: "expired", detail: "", skewSeconds: nil, remoteAddress: "",
            bodyBytes: 0, bodyHash: "")
        log.add(entry) { offer }
    }

    private var states: [Int: RejectLog.CaptureState] {
        Dictionary(uniqueKeysWithValues: log.all.map { ($0.number, $0.state) })
    }

    @Test func nothingIsAskedForWhileCapturingIsOff() {
        let entry = RejectLog.Entry(
            time: 1, source: "s", provider: nil, reason: "expired", detail: "", skewSeconds: nil, remoteAddress: "",
            bodyBytes: 0, bodyHash: "")
        log.add(entry) {
            Issue.record("was asked")
            return .tooLarge
        }
        #expect(states == [1: .off])
    }

    @Test func theLastFewAreKept() {
        log.capture(true)
        for _ in 0..<Limits.captures + 2 { add() }
        #expect(log.capture(number: 2)?.state == .dropped && log.capture(number: 2)?.json == nil)
        #expect(log.capture(number: 3)?.json == [1, 2])
        #expect(states.values.filter { $0 == .kept }.count == Limits.captures)
        #expect(log.capture(number: Limits.captures + 3) == nil && log.capture(number: 0) == nil)
    }

    @Test func numbersStayWhileOldEntriesGo() {
        log.capture(true)
        for _ in 0..<Limits.keptRejects + 5 { add() }
        #expect(log.all.map(\.number) == Array((6...Limits.keptRejects + 5).reversed()))
        #expect(log.capture(number: 5) == nil)
    }

    @Test func whatCannotBeKeptPushesNothingOut() {
        log.capture(true)
        add()
        for _ in 0..<Limits.captures {
            add(.tooLarge)
            add(.unknownSource)
        }
        #expect(states[1] == .kept && states[2] == .tooLarge && states[3] == .unknownSource)
    }

    @Test func switchedOffItDropsEverything() {
        log.capture(true)
        add()
        log.capture(false)
        #expect(log.capture(number: 1)?.json == nil && states == [1: .dropped])
        log.capture(true)
        #expect(log.capture(number: 1)?.json == nil)
    }

    @Test func itMayBeSwitchedOffInBetween() {
        log.capture(true)
        let entry = RejectLog.Entry(
            time: 1, source: "s", provider: nil, reason: "expired", detail: "", skewSeconds: nil, remoteAddress: "",
            bodyBytes: 0, bodyHash: "")
        log.add(entry) {
            log.capture(false)
            return .capture([1])
        }
        #expect(states == [1: .dropped])
    }
}
