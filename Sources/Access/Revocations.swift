internal import Events
package import Wire

/// Users and tokens that are refused although their tokens would still be good, each until a time: after that no
/// token from before the revocation can be left.
package struct Revocations: Sendable, Equatable {
    private var users: [RevokedName: WallTime] = [:]
    private var tokenIDs: [RevokedName: WallTime] = [:]

    /// The end of a revocation that has none: it stays until it is lifted.
    package static let untilLifted = WallTime.distantFuture

    /// What is revoked.
    package enum Subject: Sendable, Hashable {
        /// Everything of the user of this name: of one issuer's, or without an issuer of every issuer's.
        case user(WireText, issuer: WireText? = nil)
        /// The token with this `jti`, of one issuer or of any.
        case token(WireText, issuer: WireText? = nil)

        /// True if the identity is whom this means.
        package func includes(_ identity: Identity) -> Bool {
            switch self {
            case .user(let user, let issuer):
                user == identity.user && issuer.map { $0 == identity.issuer } ?? true
            case .token(let id, let issuer):
                id == identity.tokenID && issuer.map { $0 == identity.issuer } ?? true
            }
        }

        /// The same of one issuer alone.
        package func of(issuer: WireText) -> Subject {
            switch self {
            case .user(let name, _): .user(name, issuer: issuer)
            case .token(let name, _): .token(name, issuer: issuer)
            }
        }

        /// The same by the name that the issuer's users go by: a revocation by any other name would match no user.
        package func resolved(by verifier: TokenVerifier) -> Subject {
            switch self {
            case .user(_, let issuer?), .token(_, let issuer?): of(issuer: verifier.usersName(ofIssuer: issuer))
            case .user(_, nil), .token(_, nil): self
            }
        }

        /// Whether it comes before the other among ``Revocations/entries(now:)``.
        package func precedes(_ other: Subject) -> Bool {
            isUser == other.isUser ? name < other.name : isUser
        }

        var isUser: Bool { if case .user = self { true } else { false } }

        var name: RevokedName {
            switch self {
            case .user(let name, let issuer), .token(let name, let issuer): RevokedName(name, of: issuer)
            }
        }
    }

    /// One revocation.
    package struct Entry: Sendable, Equatable {
        /// Who or what is refused.
        package let subject: Subject
        /// Until when; ``Revocations/untilLifted`` for no end.
        package let until: WallTime

        /// A revocation.
        package init(subject: Subject, until: WallTime) {
            self.subject = subject
            self.until = until
        }
    }

    /// Nobody is revoked.
    package init() {}

    init(users: [RevokedName: WallTime], tokenIDs: [RevokedName: WallTime]) {
        self.users = users
        self.tokenIDs = tokenIDs
    }

    /// What is kept, for writing it down.
    var tables: (users: [RevokedName: WallTime], tokenIDs: [RevokedName: WallTime]) {
        (users, tokenIDs)
    }

    /// How many are kept.
    package var count: Int { users.count + tokenIDs.count }

    /// Refuses `user` until `until`; an earlier revocation that lasts longer stays. False if there is no room for
    /// another, and nothing is changed.
    package mutating func revoke(user: WireText, until: WallTime, now: WallTime) -> Bool {
        revoke(.user(user), until: until, now: now)
    }

    /// Refuses the token with this `jti` until `until`, like ``revoke(user:until:now:)``.
    package mutating func revoke(tokenID: WireText, until: WallTime, now: WallTime) -> Bool {
        revoke(.token(tokenID), until: until, now: now)
    }

    /// Refuses a user or token until `until`, like ``revoke(user:until:now:)``.
    package mutating func revoke(_ subject: Subject, until: WallTime, now: WallTime) -> Bool {
        makeRoom(now: now)
        let hasRoom = count < Limits.revocations
        return subject.isUser
            ? Self.insert(subject.name, until, into: &users, hasRoom: hasRoom)
            : Self.insert(subject.name, until, into: &tokenIDs, hasRoom: hasRoom)
    }

    /// Lifts a revocation; false if there was none.
    package mutating func lift(_ subject: Subject) -> Bool {
        subject.isUser
            ? users.removeValue(forKey: subject.name) != nil : tokenIDs.removeValue(forKey: subject.name) != nil
    }

    /// Until when a user or token is refused; nil if it is not.
    package func end(of subject: Subject, now: WallTime) -> WallTime? {
        let until = subject.isUser ? users[subject.name] : tokenIDs[subject.name]
        return until.flatMap { now < $0 ? $0 : nil }
    }

    /// Those that count now: users by name, then tokens by id, each of every issuer first.
    package func entries(now: WallTime) -> [Entry] {
        func entries(
            _ table: [RevokedName: WallTime], _ subject: (WireText, WireText?) -> Subject
        ) -> [Entry] {
            table.filter { now < $0.value }.sorted { $0.key < $1.key }
                .map { Entry(subject: subject($0.key.name, $0.key.issuer), until: $0.value) }
        }
        return entries(users) { .user($0, issuer: $1) } + entries(tokenIDs) { .token($0, issuer: $1) }
    }

    /// Refuses an identity that is revoked.
    package func check(_ identity: Identity, now: WallTime) throws(AccessRefusal) {
        guard count > 0 else { return }
        func isRevoked(_ name: WireText, in table: [RevokedName: WallTime]) -> Bool {
            guard !table.isEmpty else { return false }
            return [nil, identity.issuer].contains { table[RevokedName(name, of: $0)].map { now < $0 } ?? false }
        }
        let isUser = isRevoked(identity.user, in: users)
        let isToken = identity.tokenID.map { isRevoked($0, in: tokenIDs) } ?? false
        guard !isUser, !isToken else {
            throw AccessRefusal(
                .revoked, isUser ? "The user has been revoked." : "The token has been revoked.",
                issuer: identity.issuer.string)
        }
    }

    /// Forgets what lies behind. For a full table alone: if the clock is ahead, this forgets what will count again.
    package mutating func sweep(now: WallTime) {
        users = users.filter { now < $0.value }
        tokenIDs = tokenIDs.filter { now < $0.value }
    }

    // Looking through all of them is left until they are many: it then frees much, or nothing may be added. Before,
    // what lies behind stays: a clock that was ahead may be set back.
    private mutating func makeRoom(now: WallTime) {
        if count >= Limits.revocations { sweep(now: now) }
    }

    private static func insert(
        _ name: RevokedName, _ until: WallTime, into table: inout [RevokedName: WallTime],
        hasRoom: Bool
    ) -> Bool {
        guard hasRoom || table[name] != nil else { return false }
        table[name] = max(until, table[name] ?? until)
        return true
    }
}
