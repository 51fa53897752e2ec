import Access
import Events
import Testing
import Wire

/// A holder of tickets: an expectation cannot call what changes a value.
private final class Booth {
    private var tickets = Tickets()

    var count: Int { tickets.count }

    func issue(_ identity: Identity, now: WallTime) -> String? { tickets.issue(identity, now: now) }

    func redeem(_ ticket: WireText, now: WallTime) -> Identity? { tickets.redeem(ticket, now: now) }
}

@Suite struct TicketsTests {
    private let ada = Identity(user: "ada", grant: Grant(scope: .everything), expiresAt: now + 600_000, issuer: "own")
    private let lifetime = Int64(Limits.ticketSeconds) * 1000

    @Test func ticketGivesTheIdentityBackOnce() throws {
        let tickets = Booth()
        let ticket = try #require(tickets.issue(ada, now: now))
        #expect(tickets.redeem(WireText(ticket), now: now) == ada)
        #expect(tickets.redeem(WireText(ticket), now: now) == nil)
    }

    @Test func ticketHolds128BitsOfBase64URL() throws {
        let tickets = Booth()
        let ticket = try #require(tickets.issue(ada, now: now))
        #expect(Base64.url.bytes(ticket.utf8)?.count == 16)
    }

    @Test(arguments: [(0, true), (-1, true), (29_999, true), (30_000, false), (60_000, false)] as [(Int64, Bool)])
    func ticketIsGoodForThirtySeconds(age: Int64, isGood: Bool) throws {
        let tickets = Booth()
        let ticket = try #require(tickets.issue(ada, now: now))
        #expect((tickets.redeem(WireText(ticket), now: now + age) != nil) == isGood)
    }

    @Test func aClockThatIsSetBackMakesNoTicketLastLongerAndKeepsRoomForOthers() throws {
        let tickets = Booth()
        let ahead = now + 40 * 86_400_000
        for _ in 0..<Limits.waitingUserTickets - 1 { _ = tickets.issue(ada, now: ahead) }
        let ticket = try #require(tickets.issue(ada, now: ahead))
        #expect(tickets.issue(ada, now: ahead) == nil)
        #expect(tickets.redeem(WireText(ticket), now: now) == nil)
        #expect(tickets.count == 0)
        #expect(tickets.issue(ada, now: now) != nil)
    }

    @Test func ticketEndsWithItsToken() throws {
        let tickets = Booth()
        var short = ada
        short.expiresAt = now + 1000
        let ticket = try #require(tickets.issue(short, now: now))
        let other = try #require(tickets.issue(short, now: now))
        #expect(tickets.redeem(WireText(ticket), now: now + 999) == short)
        #expect(tickets.redeem(WireText(other), now: now + 1000) == nil)
    }

    @Test func ticketOfATokenThatNeverExpiresIsGood() throws {
        let tickets = Booth()
        var endless = ada
        endless.expiresAt = nil
        let ticket = try #require(tickets.issue(endless, now: now))
        #expect(tickets.redeem(WireText(ticket), now: now) == endless)
    }

    @Test func ticketsAreAllDifferent() {
        let tickets = Booth()
        let all = (0..<Limits.waitingUserTickets).compactMap { _ in tickets.issue(ada, now: now) }
        #expect(Set(all).count == Limits.waitingUserTickets)
    }

    @Test func whatIsNoTicketIsRefused() throws {
        let tickets = Booth()
        let ticket = try #require(tickets.issue(ada, now: now))
        let others = [
            "", "x", ticket + "A", ticket + "=", " " + ticket, String(ticket.dropLast()), String(ticket.reversed()),
            String(repeating: "A", count: 22), String(repeating: "A", count: 100_000), "🎟",
        ]
        for other in others { #expect(tickets.redeem(WireText(other), now: now) == nil) }
        #expect(tickets.redeem(WireText(ticket), now: now) == ada)
    }

    @Test func oneUserCannotTakeAllTickets() throws {
        let tickets = Booth()
        var last: String?
        for _ in 0..<Limits.waitingUserTickets {
            last = tickets.issue(ada, now: now)
            #expect(last != nil)
        }
        #expect(tickets.issue(ada, now: now) == nil)
        var bob = ada
        bob.user = "bob"
        #expect(tickets.issue(bob, now: now) != nil)
        _ = tickets.redeem(WireText(try #require(last)), now: now)
        #expect(tickets.issue(ada, now: now) != nil)
        #expect(tickets.issue(ada, now: now + lifetime) != nil)
    }

    @Test func ticketsInAllAreBoundedAndExpiredOnesMakeRoom() {
        let tickets = Booth()
        func issue(_ index: Int, _ time: WallTime) -> String? {
            tickets.issue(Identity(user: "\(index)", grant: ada.grant, issuer: "own"), now: time)
        }
        for index in 0..<Limits.waitingTickets where issue(index, now + Int64(index % 2)) == nil {
            Issue.record("ticket \(index) was refused")
        }
        #expect(issue(-1, now + 1) == nil)
        #expect(tickets.count == Limits.waitingTickets)
        #expect(issue(-1, now + lifetime + 1) != nil)
        #expect(tickets.count == 1)
    }

    @Test func usedTicketsAreForgottenEvenBehindOneThatWaits() throws {
        let tickets = Booth()
        let first = try #require(tickets.issue(ada, now: now))
        for _ in 0..<10_000 {
            let ticket = try #require(tickets.issue(ada, now: now))
            #expect(tickets.redeem(WireText(ticket), now: now) == ada)
        }
        #expect(tickets.count == 1)
        #expect(tickets.redeem(WireText(first), now: now) == ada)
        #expect(tickets.count == 0)
    }

    @Test func ticketThatNobodyUsedIsForgottenOnceItHasExpired() throws {
        let tickets = Booth()
        _ = tickets.issue(ada, now: now)
        for _ in 0..<10_000 {
            let ticket = try #require(tickets.issue(ada, now: now))
            #expect(tickets.redeem(WireText(ticket), now: now) == ada)
        }
        #expect(tickets.redeem("none", now: now + lifetime - 1) == nil)
        #expect(tickets.count == 1)
        #expect(tickets.redeem("none", now: now + lifetime) == nil)
        #expect(tickets.count == 0)
    }
}
