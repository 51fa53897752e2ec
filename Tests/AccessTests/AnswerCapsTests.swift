import Access
import Events
import Testing
import Wire

@Suite struct AnswerCapsTests {
    private func reader(_ user: WireText, of issuer: WireText = "own") -> Principal {
        Principal(issuer: issuer, user: user)
    }

    @Test func oneUsersAnswersAreBounded() {
        var caps = AnswerCaps(perReader: 2)
        for _ in 0..<2 { caps.begin(of: reader("ada")) }
        #expect(!caps.admits(reader("ada")))
        #expect(caps.admits(reader("bob")))
        caps.end(of: reader("ada"))
        #expect(caps.admits(reader("ada")))
    }

    @Test func usersOfTwoIssuersAndNamesOfOtherBytesAreApart() {
        var caps = AnswerCaps(perReader: 1)
        caps.begin(of: reader("zoë"))
        #expect(!caps.admits(reader("zoë")))
        #expect(caps.admits(reader("zoe\u{308}")))
        #expect(caps.admits(reader("zoë", of: "livekit")))
    }

    @Test func allAnswersShareOneBoundInBytes() {
        var caps = AnswerCaps(bytes: 100)
        #expect(reserve(60, in: &caps))
        #expect(!reserve(60, in: &caps))
        #expect(reserve(40, in: &caps))
        caps.release(60)
        #expect(reserve(60, in: &caps))
        #expect(caps.bytes == 100)
    }

    @Test func requestsWithoutATokenLeaveHalfToOthers() {
        var caps = AnswerCaps(bytes: 100)
        #expect(reserve(50, isKnown: false, in: &caps))
        #expect(!reserve(1, isKnown: false, in: &caps))
        #expect(reserve(50, in: &caps))
    }

    @Test func anAnswerLargerThanTheBoundIsServedAlone() {
        var caps = AnswerCaps(bytes: 100)
        #expect(reserve(500, in: &caps))
        #expect(!reserve(1, in: &caps))
    }

    private func reserve(_ count: Int, isKnown: Bool = true, in caps: inout AnswerCaps) -> Bool {
        caps.reserve(count, isKnown: isKnown)
    }
}
