package import Events
package import Wire

/// How much clients may publish; of the rates 0 is no bound.
package struct PublishSettings: Sendable, Equatable {
    /// Events of one user of an issuer in a second.
    package var perSecond: Int
    /// Events in one room in a second, of all users.
    package var perRoomPerSecond: Int
    /// The most bytes of the body that brings an event.
    package var bodyBytes: Int

    /// Bounds; the defaults are those of the service.
    package init(perSecond: Int = 20, perRoomPerSecond: Int = 200, bodyBytes: Int = 16 * 1024) {
        self.perSecond = perSecond
        self.perRoomPerSecond = perRoomPerSecond
        self.bodyBytes = bodyBytes
    }
}

/// Says whether a user may publish now, and whether an event may be published in a room now.
package struct PublishRates: Sendable {
    private var users: RateTable<Principal>
    private var rooms: RateTable<WireText>

    /// Nothing published yet.
    /// - Parameter keys: the most users, and the most rooms, that are told apart at one time.
    package init(keys: Int = Limits.ratedKeys) {
        users = RateTable(keys: keys)
        rooms = RateTable(keys: keys)
    }

    /// Counts one more attempt of a user; false if there were too many. An attempt that fails otherwise counts too.
    package mutating func admit(_ user: Principal, _ settings: PublishSettings, now: SteadyTime) -> Bool {
        users.admit(user, perSecond: settings.perSecond, now: now)
    }

    /// Counts one more event in a room; false if there were too many.
    package mutating func admit(room: WireText, _ settings: PublishSettings, now: SteadyTime) -> Bool {
        rooms.admit(room, perSecond: settings.perRoomPerSecond, now: now)
    }
}

/// A token bucket for each key: so many acts in a second, and as many at once after a quiet second.
///
/// The state of a bucket is one number (the generic cell rate algorithm). A bucket that is full again is forgotten, so
/// the table holds the keys of about the last second.
package struct RateTable<Key: Hashable & Sendable>: Sendable {
    private static var secondMicroseconds: Int64 { 1_000_000 }
    /// How long the table is not searched for full buckets after a search that found it full.
    private static var searchMicroseconds: Int64 { 100_000 }
    private static var smallCount: Int { 1_024 }

    /// For each key when its acts so far would all have been, had they come evenly spaced: in microseconds.
    private var evenlySpacedUntil: [Key: Int64] = [:]
    private let most: Int
    /// With so many buckets the full ones are removed.
    private var searchedAt: Int
    private var nextSearch = Int64.min

    /// An empty table.
    /// - Parameter keys: the most keys that are told apart. Beyond them new keys are refused, which no client can cause
    ///   that has to show a token for each.
    package init(keys: Int) {
        most = keys
        searchedAt = min(Self.smallCount, keys)
    }

    /// How many keys are remembered.
    package var count: Int { evenlySpacedUntil.count }

    /// Counts one more act, unless there were too many in the last second; what is refused uses up nothing.
    /// - Parameter perSecond: the rate; 0 is no bound.
    package mutating func admit(_ key: Key, perSecond: Int, now: SteadyTime) -> Bool {
        guard perSecond > 0 else { return true }
        let now = now.milliseconds * 1000
        let last = evenlySpacedUntil[key]
        if last == nil { removeFull(now) }
        guard last != nil || evenlySpacedUntil.count < most else { return false }
        let next = max(last ?? now, now) + Self.secondMicroseconds / Int64(perSecond)
        guard next <= now + Self.secondMicroseconds else { return false }
        evenlySpacedUntil[key] = next
        return true
    }

    private mutating func removeFull(_ now: Int64) {
        guard evenlySpacedUntil.count >= searchedAt, now >= nextSearch else { return }
        evenlySpacedUntil = evenlySpacedUntil.filter { $0.value > now }
        searchedAt = min(most, max(Self.smallCount, 2 * evenlySpacedUntil.count))
        nextSearch = evenlySpacedUntil.count == most ? now + Self.searchMicroseconds : .min
    }
}
