package import Events
package import Wire

/// How many streams there may be; 0 is no cap.
package struct StreamCapSettings: Sendable, Hashable {
    /// Open streams of one user of an issuer.
    package var perUser: Int
    /// Open streams from one address.
    package var perAddress: Int
    /// Open streams in all.
    package var total: Int
    /// New streams in a second, with as many at once after a quiet second.
    package var newPerSecond: Int

    /// Caps; five streams a user unless given.
    package init(perUser: Int = 5, perAddress: Int = 0, total: Int = 0, newPerSecond: Int = 0) {
        self.perUser = perUser
        self.perAddress = perAddress
        self.total = total
        self.newPerSecond = newPerSecond
    }
}

/// What the caps say about one more stream.
package enum CapDecision: Sendable, Equatable {
    /// Which cap was reached: in the problem body, the `refused` event, the log line and the metric alike.
    package enum Reason: String, Sendable, CaseIterable {
        case perUser = "per_user"
        case perAddress = "per_address"
        case total
        case rate
    }

    /// It was counted and must be released when it ends.
    case admitted
    /// It was not counted.
    case refused(reason: Reason, retryAfterSeconds: Int)
}

/// Counts open streams and says whether there may be one more. Constant time, and one table entry for each user and
/// each address that has a stream.
package struct StreamCaps: Sendable {
    /// The caps. Lowering them closes nothing: it keeps new streams out until enough have ended.
    package var settings: StreamCapSettings
    /// Open streams in all.
    package private(set) var count = 0
    private var users: [Principal: Int32] = [:]
    private var addresses: [WireText: Int32] = [:]
    // In microseconds, when the streams admitted so far would all have been, had they come evenly spaced (the
    // generic cell rate algorithm): the whole state of the rate in one number.
    private var evenlySpacedUntil: Int64 = 0

    /// No streams yet.
    package init(_ settings: StreamCapSettings = StreamCapSettings()) {
        self.settings = settings
    }

    /// Counts one more stream, or says which cap it would break. What is refused uses up nothing.
    /// - Parameters:
    ///   - principal: whose stream it is.
    ///   - address: where it comes from, as the caller wants addresses told apart.
    package mutating func admit(_ principal: Principal, address: WireText, now: WallTime) -> CapDecision {
        if settings.perUser > 0, Int(users[principal] ?? 0) >= settings.perUser {
            return .refused(reason: .perUser, retryAfterSeconds: Limits.capRetrySeconds)
        }
        if settings.perAddress > 0, Int(addresses[address] ?? 0) >= settings.perAddress {
            return .refused(reason: .perAddress, retryAfterSeconds: Limits.capRetrySeconds)
        }
        if settings.total > 0, count >= settings.total {
            return .refused(reason: .total, retryAfterSeconds: Limits.capRetrySeconds)
        }
        guard takeTurn(now: now) else { return .refused(reason: .rate, retryAfterSeconds: 1) }
        users[principal, default: 0] += 1
        addresses[address, default: 0] += 1
        count += 1
        return .admitted
    }

    /// Forgets a stream that was admitted for the same principal and address.
    package mutating func release(_ principal: Principal, address: WireText) {
        guard Self.decrement(principal, in: &users), Self.decrement(address, in: &addresses) else {
            // A count that is off by one is a lesser evil than a relay that stops with all its streams.
            return assertionFailure("released a stream that was not admitted")
        }
        count -= 1
    }

    /// Open streams of a principal.
    package func streams(of principal: Principal) -> Int { Int(users[principal] ?? 0) }

    private static func decrement<Key: Hashable>(_ key: Key, in counts: inout [Key: Int32]) -> Bool {
        guard let count = counts[key] else { return false }
        counts[key] = count > 1 ? count - 1 : nil
        return true
    }

    private mutating func takeTurn(now: WallTime) -> Bool {
        guard settings.newPerSecond > 0 else { return true }
        let second: Int64 = 1_000_000
        let now = now.milliseconds * 1000
        // Never further ahead than a full second's worth: a clock that steps back must not keep the door shut.
        evenlySpacedUntil = min(max(evenlySpacedUntil, now), now + second)
        let next = evenlySpacedUntil + second / Int64(settings.newPerSecond)
        guard next <= now + second else { return false }
        evenlySpacedUntil = next
        return true
    }
}
