internal import Events
internal import Wire

// What the decisions are kept in.
extension Members {
    subscript(key: MemberKey) -> Entry? { rooms[key.room]?[key.principal] }

    /// Changes an entry in place. It must be there.
    mutating func change(_ key: MemberKey, _ change: (inout Entry) -> Void) {
        guard rooms[key.room]?[key.principal] != nil else { return assertionFailure("a membership is not there") }
        change(&rooms[key.room, default: [:]][key.principal, default: Entry()])
    }

    mutating func insert(_ key: MemberKey) {
        rooms[key.room, default: [:]][key.principal] = Entry()
        users[key.principal, default: User()].rooms += 1
        count += 1
    }

    mutating func remove(_ key: MemberKey) {
        guard rooms[key.room]?.removeValue(forKey: key.principal) != nil else { return }
        if rooms[key.room]?.isEmpty == true { rooms[key.room] = nil }
        users[key.principal, default: User()].rooms -= 1
        // With the last membership the user's rate is forgotten: a change needs a membership, and a new one a stream.
        if users[key.principal]?.rooms == 0 { users[key.principal] = nil }
        count -= 1
    }

    // MARK: The grace

    /// The membership ends at the end of the grace, unless a stream holds it by then.
    mutating func beginGrace(_ key: MemberKey, _ settings: MemberSettings, at now: MemberTime) {
        let time = now.steady + Int64(settings.graceMilliseconds)
        change(key) { $0.deadline = time }
        deadlines.append((time, key))
    }

    /// Ends the memberships whose grace is over. The times are in order unless the setting was lowered: then the later
    /// ones wait for the earlier.
    mutating func endGraces(at now: MemberTime) {
        guard !isDraining else { return }
        while nextDeadline < deadlines.count, deadlines[nextDeadline].time <= now.steady {
            let (time, key) = deadlines[nextDeadline]
            nextDeadline += 1
            guard let entry = self[key], entry.deadline == time else { continue }
            change(key) { entry in
                entry.deadline = nil
                entry.end = entry.isRestored ? .restart : .timeout
            }
            advance(key)
        }
        guard nextDeadline > deadlines.count / 2 else { return }
        deadlines.removeFirst(nextDeadline)
        nextDeadline = 0
    }

    // MARK: The rate

    /// Counts a change of a user, or refuses it: the generic cell rate algorithm, as for new streams.
    mutating func takeTurn(
        _ principal: Principal, _ settings: MemberSettings, at now: MemberTime
    ) throws(MemberRefusal) {
        let second: Int64 = 1_000_000
        let microseconds = now.steady.milliseconds * 1000
        let last = max(users[principal]?.evenlySpacedUntil ?? .min, microseconds)
        let next = last + second / Int64(max(1, settings.updatesPerSecond))
        guard next <= microseconds + second else { throw .tooManyUpdates }
        users[principal, default: User()].evenlySpacedUntil = next
    }
}
