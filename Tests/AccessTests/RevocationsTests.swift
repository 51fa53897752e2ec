import Access
import Events
import Testing
import Wire

/// A holder of revocations: an expectation cannot call what changes a value.
private final class List {
    var revocations = Revocations()

    func revoke(user: WireText, until: WallTime, now: WallTime) -> Bool {
        revocations.revoke(user: user, until: until, now: now)
    }

    func revoke(tokenID: WireText, until: WallTime, now: WallTime) -> Bool {
        revocations.revoke(tokenID: tokenID, until: until, now: now)
    }
}

@Suite struct RevocationsTests {
    private let ada = Identity(user: "ada", grant: Grant(scope: .everything), tokenID: "t1", issuer: "own")

    private func isRevoked(_ revocations: Revocations, _ identity: Identity, at time: WallTime = now) -> Bool {
        do {
            try revocations.check(identity, now: time)
            return false
        } catch { return error.reason == .revoked && error.status == 401 }
    }

    @Test func revokedUserIsRefusedUntilTheTime() {
        let list = List()
        #expect(!isRevoked(list.revocations, ada))
        #expect(list.revoke(user: "ada", until: now + 1000, now: now))
        #expect(isRevoked(list.revocations, ada, at: now + 999))
        #expect(!isRevoked(list.revocations, ada, at: now + 1000))
        var bob = ada
        bob.user = "bob"
        #expect(!isRevoked(list.revocations, bob))
    }

    @Test func revokedTokenIsRefusedAndTheUsersOtherTokensAreNot() {
        let list = List()
        #expect(list.revoke(tokenID: "t1", until: now + 1000, now: now))
        #expect(isRevoked(list.revocations, ada, at: now + 999))
        #expect(!isRevoked(list.revocations, ada, at: now + 1000))
        for tokenID in ["t2", "", nil] as [WireText?] {
            var other = ada
            other.tokenID = tokenID
            #expect(!isRevoked(list.revocations, other))
        }
    }

    @Test func userAndTokenOfOneNameAreTwoThings() {
        let list = List()
        #expect(list.revoke(user: "t1", until: now + 1000, now: now))
        #expect(list.revoke(tokenID: "ada", until: now + 1000, now: now))
        #expect(!isRevoked(list.revocations, ada))
    }

    @Test func shorterRevocationDoesNotShortenALongerOne() {
        let list = List()
        #expect(list.revoke(user: "ada", until: now + 2000, now: now))
        #expect(list.revoke(user: "ada", until: now + 1000, now: now))
        #expect(isRevoked(list.revocations, ada, at: now + 1999))
        #expect(list.revocations.count == 1)
    }

    @Test func sweepForgetsOnlyWhatLiesBehind() {
        let list = List()
        #expect(list.revoke(user: "ada", until: now + 1000, now: now))
        #expect(list.revoke(tokenID: "t1", until: now + 2000, now: now))
        list.revocations.sweep(now: now + 1000)
        #expect(list.revocations.count == 1)
        #expect(isRevoked(list.revocations, ada, at: now + 1000))
        list.revocations.sweep(now: now + 2000)
        #expect(list.revocations == Revocations())
    }

    @Test func revocationsAreBoundedAndPastOnesMakeRoom() {
        let list = List()
        for index in 0..<Limits.revocations - 1 {
            _ = list.revoke(tokenID: "\(index)", until: now + 1000, now: now)
        }
        #expect(list.revoke(user: "ada", until: now + 5000, now: now))
        #expect(list.revocations.count == Limits.revocations)
        #expect(!list.revoke(user: "bob", until: now + 5000, now: now))
        #expect(list.revoke(user: "ada", until: now + 9000, now: now))
        #expect(list.revocations.count == Limits.revocations)
        #expect(list.revoke(user: "bob", until: now + 5000, now: now + 1000))
        #expect(list.revocations.count == 2)
        #expect(isRevoked(list.revocations, ada, at: now + 8999))
    }

    @Test func revocationsComeBackFromTheirJSON() throws {
        let list = List()
        #expect(list.revoke(user: "ada \"\u{1F469}\"", until: now + 1000, now: now))
        #expect(list.revoke(tokenID: "b", until: now + 2, now: now))
        #expect(list.revoke(tokenID: "a", until: now + 1, now: now))
        #expect(Revocations(json: list.revocations.json) == list.revocations)
        #expect(
            String(decoding: list.revocations.json, as: UTF8.self)
                == #"{"users":{"ada \"👩\"":\#(now.milliseconds + 1000)},"tokens":{"a":\#(now.milliseconds + 1),"b":\#(now.milliseconds + 2)}}"#
        )
        #expect(Revocations(json: Revocations().json) == Revocations())
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"users":{}}"#, #"{"users":{},"tokens":[]}"#, #"{"users":{"a":"1"},"tokens":{}}"#,
        #"{"users":{"a":1.5},"tokens":{}}"#, #"{"users":{"a":null},"tokens":{}}"#, #"{"users":{},"tokens":{}"#,
    ])
    func damagedJSONIsNotTakenForNoRevocations(json: String) {
        #expect(Revocations(json: Array(json.utf8)) == nil)
    }

    @Test func liftedRevocationIsForgotten() {
        var revocations = Revocations()
        let made = revocations.revoke(.user("ada"), until: Revocations.untilLifted, now: now)
        #expect(made && isRevoked(revocations, ada, at: now + 1_000_000_000_000))
        let (wrong, right) = (revocations.lift(.token("ada")), revocations.lift(.user("ada")))
        #expect(!wrong && right && !isRevoked(revocations, ada))
        #expect(revocations == Revocations())
    }

    @Test func revocationsWithoutAnEndComeBackFromTheirJSON() {
        var revocations = Revocations()
        let made = revocations.revoke(.token("t1"), until: Revocations.untilLifted, now: now)
        let back = Revocations(json: revocations.json)
        #expect(made && back == revocations)
        #expect(back?.end(of: .token("t1"), now: now) == Revocations.untilLifted)
    }

    @Test func entriesAreSortedUsersFirstAndWithoutThosePast() {
        var revocations = Revocations()
        for subject in [Revocations.Subject.token("b"), .user("z"), .token("a"), .user("y")] {
            _ = revocations.revoke(subject, until: now + 2, now: now)
        }
        _ = revocations.revoke(.user("x"), until: now + 1, now: now)
        let subjects = revocations.entries(now: now + 1).map(\.subject)
        #expect(subjects == [.user("y"), .user("z"), .token("a"), .token("b")])
    }

    @Test func revocationOfOneIssuersUserLeavesTheOthersAlone() throws {
        var revocations = Revocations()
        var guest = ada
        guest.issuer = "source:livekit"
        var made = revocations.revoke(.user("ada", issuer: "source:livekit"), until: now + 1000, now: now)
        made = made && revocations.revoke(.token("t9", issuer: "own"), until: now + 1000, now: now)
        #expect(made && isRevoked(revocations, guest) && !isRevoked(revocations, ada))
        var other = ada
        other.tokenID = "t9"
        #expect(isRevoked(revocations, other))
        other.issuer = "else"
        #expect(!isRevoked(revocations, other))
        // Without an issuer it means the user of every issuer.
        made = revocations.revoke(.user("ada"), until: now + 500, now: now)
        #expect(made && isRevoked(revocations, ada) && isRevoked(revocations, guest))
        let lifted = revocations.lift(.user("ada"))
        #expect(lifted && isRevoked(revocations, guest) && !isRevoked(revocations, ada))
        #expect(Revocations(json: revocations.json) == revocations)
    }

    @Test func namesOfOtherBytesAreOtherUsers() {
        let list = List()
        #expect(list.revoke(user: "andr\u{E9}", until: now + 1000, now: now))
        var andre = ada
        andre.user = "andre\u{301}"
        #expect(!isRevoked(list.revocations, andre))
        andre.user = "andr\u{E9}"
        #expect(isRevoked(list.revocations, andre))
    }
}
