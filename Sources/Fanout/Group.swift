internal import Events
internal import Wire

/// Streams with the same filter and the same format: the same bytes are written to all of them that are live.
final class Group {
    /// The properties that the streams of a group share.
    struct Key: Hashable {
        let filter: EventFilter
        let format: StreamFormat
    }

    let key: Key
    /// Members at the head of the journal.
    private(set) var live: [Subscriber] = []
    /// For each member of ``live`` its outlet's descriptor, or -1 to write through the outlet. A list of its own, since
    /// a successful delivery needs nothing else: the objects of thousands of streams do not stay in the processor's
    /// cache from one event to the next, and reading them costs a tenth of what sending does.
    private(set) var descriptors: [CInt] = []
    /// Members that are not at the head, for ephemeral events. A live member that is not written to with its group is in
    /// neither list.
    private(set) var behind: [Subscriber] = []
    /// Totals sent to all live members so far. A member's own total is this minus the value when it joined.
    private(set) var sent = Sent()
    /// When something was last written to all live members.
    private(set) var lastWrite = SteadyTime.distantPast
    /// The last event that was written to all live members.
    private(set) var lastEvent = EventID.zero
    /// All members, live or behind.
    var memberCount = 0
    /// Events of this turn that match and are not written yet.
    var turn: [JournalEvent] = []

    init(key: Key) {
        self.key = key
    }

    func addLive(_ subscriber: Subscriber) {
        subscriber.groupIndex = Int32(live.count)
        live.append(subscriber)
        descriptors.append(subscriber.outlet.descriptor ?? -1)
        subscriber.ownSent -= sent
    }

    func removeLive(_ subscriber: Subscriber) {
        let index = Int(subscriber.groupIndex)
        guard index >= 0 else { return }
        let last = live.removeLast()
        let lastDescriptor = descriptors.removeLast()
        if last !== subscriber {
            live[index] = last
            descriptors[index] = lastDescriptor
            last.groupIndex = Int32(index)
        }
        subscriber.lastWrite = max(subscriber.lastWrite, lastWrite)
        subscriber.resumeID = max(subscriber.resumeID, lastEvent)
        subscriber.ownSent += sent
        subscriber.groupIndex = -1
    }

    func removeAll() {
        live.removeAll()
        descriptors.removeAll()
        behind.removeAll()
    }

    /// Adds a member that is behind; nothing if it is in the list.
    func addBehind(_ subscriber: Subscriber) {
        guard subscriber.behindIndex == nil else { return }
        assert(subscriber.groupIndex == -1, "a live member is not behind")
        subscriber.behindIndex = behind.count
        behind.append(subscriber)
    }

    /// Removes a member that is no longer behind; nothing if it is not in the list.
    func removeBehind(_ subscriber: Subscriber) {
        guard let index = subscriber.behindIndex else { return }
        let last = behind.removeLast()
        if last !== subscriber {
            behind[index] = last
            last.behindIndex = index
        }
        subscriber.behindIndex = nil
    }

    /// Adds an ephemeral event to the totals of all live members.
    func recordBroadcast(bytes: Int) { sent.bytes += bytes }

    /// Adds a delivery to all live members, up to the event `last`, to the totals.
    func recordDelivery(_ more: Sent, through last: EventID, now: SteadyTime) {
        sent += more
        lastEvent = last
        lastWrite = now
    }
}

/// Totals of what was sent on a stream.
struct Sent: AdditiveArithmetic {
    static let zero = Sent()

    /// Bytes that outlets accepted.
    var bytes = 0
    /// Events of the journal, written entirely or in part.
    var events = 0

    static func + (one: Sent, other: Sent) -> Sent {
        Sent(bytes: one.bytes + other.bytes, events: one.events + other.events)
    }

    static func - (one: Sent, other: Sent) -> Sent {
        Sent(bytes: one.bytes - other.bytes, events: one.events - other.events)
    }
}

/// Finds the groups that an event may concern: by room name if a filter names its rooms, so that an event of one room
/// costs nothing for the streams of others.
struct GroupIndex {
    private var groups: [Group.Key: Group] = [:]
    private var byRoom: [WireText: [Group]] = [:]
    private var broad: [Group] = []

    var all: Dictionary<Group.Key, Group>.Values { groups.values }

    /// The group of this key, created if there is none, with one more member.
    mutating func join(_ key: Group.Key) -> Group {
        if let group = groups[key] {
            group.memberCount += 1
            return group
        }
        let group = Group(key: key)
        group.memberCount = 1
        groups[key] = group
        if let rooms = key.filter.exactRooms {
            for room in rooms { byRoom[room, default: []].append(group) }
        } else {
            broad.append(group)
        }
        return group
    }

    /// Removes one member; a group without members is removed too.
    mutating func leave(_ group: Group) {
        group.memberCount -= 1
        guard group.memberCount == 0 else { return }
        groups[group.key] = nil
        guard let rooms = group.key.filter.exactRooms else {
            broad.removeAll { $0 === group }
            return
        }
        for room in rooms {
            byRoom[room]?.removeAll { $0 === group }
            if byRoom[room]?.isEmpty == true { byRoom[room] = nil }
        }
    }

    /// Calls `body` with every group whose filter admits `event`. The event must have no audience (``Event/users``).
    func forEachMatching(_ event: Event, _ body: (Group) -> Void) {
        if let room = event.room, let named = byRoom[room] {
            for group in named where group.key.filter.admits(event, to: "") { body(group) }
        }
        for group in broad where group.key.filter.admits(event, to: "") { body(group) }
    }
}
