public import Events

/// Users and tokens that are refused although their tokens would still be good, each until a time: after that no
/// token from before the revocation can be left.
public struct Revocations: Sendable, Equatable {
    private var users: [WireText: EpochMilliseconds] = [:]
    private var tokenIDs: [WireText: EpochMilliseconds] = [:]

    /// The end of a revocation that has none: it stays until it is lifted.
    public static let untilLifted = EpochMilliseconds.max

    /// What is revoked.
    public enum Subject: Sendable, Hashable {
        /// Everything of this user.
        case user(WireText)
        /// The token with this `jti`.
        case token(WireText)
    }

    /// One revocation.
    public struct Entry: Sendable, Equatable {
        /// Who or what is refused.
        public let subject: Subject
        /// Until when; ``Revocations/untilLifted`` for no end.
        public let until: EpochMilliseconds

        /// A revocation.
        public init(subject: Subject, until: EpochMilliseconds) {
            self.subject = subject
            self.until = until
        }
    }

    /// Nobody is revoked.
    public init() {}

    /// How many are kept.
    public var count: Int { users.count + tokenIDs.count }

    /// Refuses `user` until `until`; an earlier revocation that lasts longer stays. False if there is no room for
    /// another, and nothing is changed.
    public mutating func revoke(user: WireText, until: EpochMilliseconds, now: EpochMilliseconds) -> Bool {
        makeRoom(now: now)
        return Self.insert(user, until, into: &users, hasRoom: count < Limits.revocations)
    }

    /// Refuses the token with this `jti` until `until`, like ``revoke(user:until:now:)``.
    public mutating func revoke(tokenID: WireText, until: EpochMilliseconds, now: EpochMilliseconds) -> Bool {
        makeRoom(now: now)
        return Self.insert(tokenID, until, into: &tokenIDs, hasRoom: count < Limits.revocations)
    }

    /// Refuses a user or token until `until`, like ``revoke(user:until:now:)``.
    public mutating func revoke(_ subject: Subject, until: EpochMilliseconds, now: EpochMilliseconds) -> Bool {
        switch subject {
        case .user(let user): revoke(user: user, until: until, now: now)
        case .token(let id): revoke(tokenID: id, until: until, now: now)
        }
    }

    /// Lifts a revocation; false if there was none.
    public mutating func lift(_ subject: Subject) -> Bool {
        switch subject {
        case .user(let user): users.removeValue(forKey: user) != nil
        case .token(let id): tokenIDs.removeValue(forKey: id) != nil
        }
    }

    /// Until when a user or token is refused; nil if it is not.
    public func end(of subject: Subject, now: EpochMilliseconds) -> EpochMilliseconds? {
        let until =
            switch subject {
            case .user(let user): users[user]
            case .token(let id): tokenIDs[id]
            }
        return until.flatMap { now < $0 ? $0 : nil }
    }

    /// Those that count now: users by name, then tokens by id.
    public func entries(now: EpochMilliseconds) -> [Entry] {
        func entries(_ table: [WireText: EpochMilliseconds], _ subject: (WireText) -> Subject) -> [Entry] {
            table.filter { now < $0.value }.sorted { $0.key < $1.key }
                .map { Entry(subject: subject($0.key), until: $0.value) }
        }
        return entries(users) { .user($0) } + entries(tokenIDs) { .token($0) }
    }

    /// Refuses an identity that is revoked.
    public func check(_ identity: Identity, now: EpochMilliseconds) throws(AccessRefusal) {
        guard count > 0 else { return }
        let isUser = users[identity.user].map { now < $0 } ?? false
        let isToken = identity.tokenID.flatMap { tokenIDs[$0] }.map { now < $0 } ?? false
        guard !isUser, !isToken else {
            throw AccessRefusal(
                .revoked, isUser ? "The user has been revoked." : "The token has been revoked.",
                issuer: identity.issuer)
        }
    }

    /// Forgets what lies behind.
    public mutating func sweep(now: EpochMilliseconds) {
        users = users.filter { now < $0.value }
        tokenIDs = tokenIDs.filter { now < $0.value }
    }

    // Looking through all of them is left until they are many: it then frees much, or nothing may be added.
    private mutating func makeRoom(now: EpochMilliseconds) {
        if count >= Limits.revocations { sweep(now: now) }
    }

    private static func insert(
        _ name: WireText, _ until: EpochMilliseconds, into table: inout [WireText: EpochMilliseconds], hasRoom: Bool
    ) -> Bool {
        guard hasRoom || table[name] != nil else { return false }
        table[name] = max(until, table[name] ?? until)
        return true
    }
}

extension Revocations {
    /// The revocations as JSON, sorted, for keeping across a restart:
    /// `{"users":{"ada":1795205786000},"tokens":{}}`, with the times in epoch milliseconds; ``untilLifted`` is the
    /// largest number of 64 bits.
    public var json: [UInt8] {
        JSONWriter.bytes { writer in
            writer.object { writer in
                for (name, table) in [("users", users), ("tokens", tokenIDs)] {
                    writer.member(name) { writer in
                        for (key, until) in table.sorted(by: { $0.key < $1.key }) { writer.member(key, .integer(until)) }
                    }
                }
            }
        }
    }

    /// Reads what ``json`` gave; nil for anything else, for to start with fewer revocations than there were would
    /// let somebody in.
    public init?(json: some Sequence<UInt8>) {
        func table(_ value: JSONValue?) -> [WireText: EpochMilliseconds]? {
            guard let members = value?.object?.members else { return nil }
            var table: [WireText: EpochMilliseconds] = [:]
            for member in members {
                guard case .integer(let until) = member.value else { return nil }
                table[member.name] = until
            }
            return table
        }
        guard let object = try? JSONReader.value(json).object, let users = table(object["users"]),
            let tokenIDs = table(object["tokens"])
        else { return nil }
        self.users = users
        self.tokenIDs = tokenIDs
    }
}
