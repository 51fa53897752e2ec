import Access
import Events
import Testing
import Wire

/// A holder of caps: an expectation cannot call what changes a value.
private final class Door {
    var caps: StreamCaps

    init(_ settings: StreamCapSettings = StreamCapSettings()) { caps = StreamCaps(settings) }

    func admit(user: WireText, address: WireText, now: WallTime) -> CapDecision {
        caps.admit(Principal(issuer: "own", user: user), address: address, now: now)
    }

    func release(user: WireText, address: WireText) {
        caps.release(Principal(issuer: "own", user: user), address: address)
    }

    func streams(of user: WireText) -> Int { caps.streams(of: Principal(issuer: "own", user: user)) }
}

@Suite struct StreamCapsTests {
    private func refused(_ reason: CapDecision.Reason) -> CapDecision {
        .refused(reason: reason, retryAfterSeconds: reason == .rate ? 1 : Limits.capRetrySeconds)
    }

    @Test func sixthStreamOfAUserIsRefusedByDefault() {
        let door = Door()
        for index in 0..<5 { #expect(door.admit(user: "ada", address: "\(index)", now: now) == .admitted) }
        #expect(door.admit(user: "ada", address: "6", now: now) == refused(.perUser))
        #expect(door.admit(user: "bob", address: "6", now: now) == .admitted)
        #expect(door.streams(of: "ada") == 5)
    }

    @Test func usersOfOneNameAndTwoIssuersAreTwoUsers() {
        var caps = StreamCaps(StreamCapSettings(perUser: 1))
        let guest = Principal(issuer: "source:livekit", user: "bob")
        let bob = Principal(issuer: "own", user: "bob")
        var decisions = [caps.admit(guest, address: "a", now: now), caps.admit(bob, address: "a", now: now)]
        #expect(decisions == [.admitted, .admitted])
        decisions = [caps.admit(guest, address: "a", now: now), caps.admit(bob, address: "a", now: now)]
        #expect(decisions == [refused(.perUser), refused(.perUser)])
        caps.release(guest, address: "a")
        #expect(caps.streams(of: guest) == 0 && caps.streams(of: bob) == 1)
    }

    @Test func namesOfOtherBytesAreOtherUsers() {
        let door = Door(StreamCapSettings(perUser: 1))
        #expect(door.admit(user: "andr\u{E9}", address: "a", now: now) == .admitted)
        #expect(door.admit(user: "andre\u{301}", address: "a", now: now) == .admitted)
        #expect(door.streams(of: "andr\u{E9}") == 1)
    }

    @Test func addressIsCountedAcrossUsers() {
        let door = Door(StreamCapSettings(perAddress: 2))
        #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
        #expect(door.admit(user: "bob", address: "a", now: now) == .admitted)
        #expect(door.admit(user: "eve", address: "a", now: now) == refused(.perAddress))
        #expect(door.admit(user: "eve", address: "b", now: now) == .admitted)
    }

    @Test func totalIsCountedAcrossUsersAndAddresses() {
        let door = Door(StreamCapSettings(total: 2))
        #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
        #expect(door.admit(user: "bob", address: "b", now: now) == .admitted)
        #expect(door.admit(user: "eve", address: "c", now: now) == refused(.total))
    }

    @Test func zeroIsNoCap() {
        let door = Door(StreamCapSettings(perUser: 0))
        for _ in 0..<1000 { #expect(door.admit(user: "ada", address: "a", now: now) == .admitted) }
        #expect(door.caps.count == 1000)
    }

    @Test func releasedStreamMakesRoom() {
        let door = Door(StreamCapSettings(perUser: 1, perAddress: 1, total: 1))
        for _ in 0..<3 {
            #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
            #expect(door.admit(user: "ada", address: "a", now: now) == refused(.perUser))
            door.release(user: "ada", address: "a")
        }
        #expect(door.caps.count == 0)
        #expect(door.streams(of: "ada") == 0)
    }

    @Test func refusedStreamIsNotCounted() {
        let door = Door(StreamCapSettings(perUser: 1, perAddress: 2))
        #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
        for _ in 0..<10 { #expect(door.admit(user: "ada", address: "a", now: now) == refused(.perUser)) }
        #expect(door.admit(user: "bob", address: "a", now: now) == .admitted)
        #expect(door.caps.count == 2)
    }

    @Test func newStreamsComeAtTheRateAfterABurstOfOneSecond() {
        let door = Door(StreamCapSettings(perUser: 0, newPerSecond: 10))
        func admitted(_ milliseconds: Int64) -> Bool {
            door.admit(user: "ada", address: "a", now: now + milliseconds) == .admitted
        }
        #expect((0..<20).filter { _ in admitted(0) }.count == 10)
        #expect(!admitted(99))
        #expect(admitted(100))
        #expect(!admitted(100))
        #expect((0..<20).filter { _ in admitted(600) }.count == 5)
        #expect((0..<20).filter { _ in admitted(60_000) }.count == 10)
    }

    @Test func refusalForTheRateSaysWhenToComeBack() {
        let door = Door(StreamCapSettings(newPerSecond: 1))
        #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
        #expect(door.admit(user: "bob", address: "a", now: now) == refused(.rate))
    }

    @Test func refusedStreamsDoNotUseUpTheRate() {
        let door = Door(StreamCapSettings(perUser: 1, newPerSecond: 2))
        #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
        for _ in 0..<100 { #expect(door.admit(user: "ada", address: "a", now: now) == refused(.perUser)) }
        #expect(door.admit(user: "bob", address: "a", now: now) == .admitted)
        #expect(door.admit(user: "eve", address: "a", now: now) == refused(.rate))
    }

    @Test func clockThatStepsBackDelaysNewStreamsByASecondAtMost() {
        let door = Door(StreamCapSettings(perUser: 0, newPerSecond: 10))
        #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
        let earlier: WallTime = now - 3_600_000
        #expect(door.admit(user: "ada", address: "a", now: earlier) == refused(.rate))
        #expect(door.admit(user: "ada", address: "a", now: earlier + 100) == .admitted)
    }

    @Test func ratesOfAnySizeAreKept() {
        for rate in [1, 3, 7, 999, 10_000] {
            let door = Door(StreamCapSettings(perUser: 0, newPerSecond: rate))
            var admitted = 0
            for millisecond in 0..<Int64(3000) {
                while door.admit(user: "ada", address: "a", now: now + millisecond) == .admitted { admitted += 1 }
            }
            // The burst and 2.999 seconds' worth, and what rounding the distance down to microseconds gives on top.
            let expected = Double(rate) * 3.999
            #expect((expected - 1...expected * 1.01 + 1).contains(Double(admitted)), "\(rate): \(admitted)")
        }
    }

    @Test func loweredCapKeepsNewStreamsOutUntilEnoughHaveEnded() {
        let door = Door(StreamCapSettings(perUser: 3))
        for _ in 0..<3 { #expect(door.admit(user: "ada", address: "a", now: now) == .admitted) }
        door.caps.settings.perUser = 2
        door.release(user: "ada", address: "a")
        #expect(door.admit(user: "ada", address: "a", now: now) == refused(.perUser))
        door.release(user: "ada", address: "a")
        #expect(door.admit(user: "ada", address: "a", now: now) == .admitted)
    }
}
