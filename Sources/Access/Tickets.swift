internal import Events
package import Wire

/// Tickets for `EventSource`, which cannot set headers: bought with a token, good once and for
/// ``Limits/ticketSeconds``, so that one in a URL or a log is worthless soon.
package struct Tickets: Sendable {
    private struct Entry: Sendable {
        let identity: Identity
        let issuedAt: WallTime

        /// Also once the clock was set back behind the time of issue: else the ticket would live as much longer, and
        /// those behind it would not be swept.
        func isOver(at now: WallTime) -> Bool {
            now >= issuedAt + Int64(Limits.ticketSeconds) * 1000 || now < issuedAt - Limits.clockJumpMilliseconds
        }

        /// False too when the token it was bought with has ended.
        func isGood(at now: WallTime) -> Bool {
            !isOver(at: now) && identity.expiresAt.map { now < $0 } ?? true
        }
    }

    // By the 128 bits that the ticket is. They are random and the table's hash is seeded, so the time that a look-up
    // takes tells nothing about the tickets that are there.
    private var waiting: [UInt128: Entry] = [:]
    private var users: [Principal: Int] = [:]
    // In the order of issue, which is that of expiry unless the clock was set; those before `oldest` are gone.
    private var issued: [UInt128] = []
    private var oldest = 0

    /// No tickets yet.
    package init() {}

    /// Tickets that wait to be used or to expire.
    package var count: Int { waiting.count }

    /// A new ticket for `identity`: 22 letters of base64url. Nil while too many wait, of this user or in all.
    package mutating func issue(_ identity: Identity, now: WallTime) -> String? {
        sweep(now: now)
        guard waiting.count < Limits.waitingTickets, users[identity.principal] ?? 0 < Limits.waitingUserTickets else {
            return nil
        }
        var generator = SystemRandomNumberGenerator()
        let number = UInt128.random(in: .min ... .max, using: &generator)
        waiting[number] = Entry(identity: identity, issuedAt: now)
        users[identity.principal, default: 0] += 1
        issued.append(number)
        return Base64.url.text(withUnsafeBytes(of: number.bigEndian, Array.init))
    }

    /// Whose ticket it is, once. Nil if there is no such ticket, it was used, or it or its token has expired.
    package mutating func redeem(_ ticket: WireText, now: WallTime) -> Identity? {
        sweep(now: now)
        guard let bytes = Base64.url.bytes(ticket.utf8), bytes.count == 16,
            let entry = remove(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        else { return nil }
        return entry.isGood(at: now) ? entry.identity : nil
    }

    /// Whose ticket it is, without using it up. Nil if there is no such ticket, or it or its token has expired.
    package func holder(of ticket: WireText, now: WallTime) -> Identity? {
        guard let bytes = Base64.url.bytes(ticket.utf8), bytes.count == 16,
            let entry = waiting[bytes.reduce(0) { $0 << 8 | UInt128($1) }], entry.isGood(at: now)
        else { return nil }
        return entry.identity
    }

    private mutating func remove(_ number: UInt128) -> Entry? {
        guard let entry = waiting.removeValue(forKey: number) else { return nil }
        let principal = entry.identity.principal
        if let count = users[principal] { users[principal] = count > 1 ? count - 1 : nil }
        return entry
    }

    /// Drops from the front what has expired or was used. Every ticket passes here once.
    private mutating func sweep(now: WallTime) {
        while oldest < issued.count {
            if let entry = waiting[issued[oldest]] {
                guard entry.isOver(at: now) else { break }
                _ = remove(issued[oldest])
            }
            oldest += 1
        }
        // Those that were used behind one that still waits are dropped when they are many, so that buying and using
        // tickets in turn does not fill the memory.
        if oldest > 64, oldest * 2 > issued.count {
            issued.removeFirst(oldest)
            oldest = 0
        } else if issued.count > 2 * waiting.count + 1024 {
            issued = issued[oldest...].filter { waiting[$0] != nil }
            oldest = 0
        }
    }
}
