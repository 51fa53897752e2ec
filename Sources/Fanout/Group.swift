internal import Events

/// Streams with the same filter and the same format: what is written to one is written to all that are live.
final class Group {
    /// What makes two streams the same.
    struct Key: Hashable {
        let filter: EventFilter
        let format: StreamFormat
    }

    let key: Key
    /// Members at the head of the log.
    private(set) var live: [Subscriber] = []
    /// Where each of ``live`` is written to: its outlet's descriptor, or -1 for its outlet. In a list of their own,
    /// since a delivery that succeeds needs nothing else: the objects of thousands of streams do not stay in the
    /// processor's cache from one event to the next, and to reach for them costs a tenth of what sending does.
    private(set) var descriptors: [CInt] = []
    /// What was brought to everybody who was live then. A live member counts it from where it joined.
    private(set) var sent = Sent()
    /// When something was last brought to all live members.
    private(set) var lastWrite = SteadyTime.distantPast
    /// The last event that was brought to all live members.
    private(set) var lastEvent = EventID.zero
    /// All members, live or behind.
    var memberCount = 0
    /// Events of this turn that match, not yet written.
    var turn: [LoggedEvent] = []

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
        subscriber.told = max(subscriber.told, lastEvent)
        subscriber.ownSent += sent
        subscriber.groupIndex = -1
    }

    func removeAllLive() {
        live.removeAll()
        descriptors.removeAll()
    }

    /// Notes what was sent to all live members, up to the event `last`.
    func brought(_ more: Sent, through last: EventID, now: SteadyTime) {
        sent += more
        lastEvent = last
        lastWrite = now
    }
}

/// What was sent, as it is counted for a stream.
struct Sent: AdditiveArithmetic {
    static let zero = Sent()

    /// Bytes that outlets took.
    var bytes = 0
    /// Events of the log, in whole or begun.
    var events = 0

    static func + (one: Sent, other: Sent) -> Sent {
        Sent(bytes: one.bytes + other.bytes, events: one.events + other.events)
    }

    static func - (one: Sent, other: Sent) -> Sent {
        Sent(bytes: one.bytes - other.bytes, events: one.events - other.events)
    }
}

/// Which groups an event may concern: by room name where a filter names its rooms, so that an event for one room
/// costs nothing for the streams of others.
struct GroupIndex {
    private var groups: [Group.Key: Group] = [:]
    private var byRoom: [WireText: [Group]] = [:]
    private var broad: [Group] = []

    var all: Dictionary<Group.Key, Group>.Values { groups.values }

    /// The group of this key, made if there is none; it has one member more.
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

    /// One member less; a group without members is forgotten.
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

    /// Calls `body` with every group whose filter admits `event`, which has no audience.
    func forEachMatching(_ event: Event, _ body: (Group) -> Void) {
        if let room = event.room, let named = byRoom[room] {
            for group in named where group.key.filter.admits(event, to: "") { body(group) }
        }
        for group in broad where group.key.filter.admits(event, to: "") { body(group) }
    }
}
