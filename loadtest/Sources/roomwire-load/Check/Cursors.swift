/// How far each stream has come in each channel of its room: each event once, in order, none missing.
struct Cursors {
    /// What an event is to the stream that is shown it.
    enum Verdict: Equatable {
        /// The one that was due.
        case due
        /// It was shown before.
        case repeated
        /// It was passed over before, and comes now, after one that should follow it.
        case late
        /// Due, but for so many that should have come before it.
        case skipped(Int)
        /// It belongs to a room that the stream did not ask for.
        case foreign
    }

    /// Of a stream and a channel.
    private struct Cursor {
        /// The next event that is due; negative while a stream that came later has seen none.
        var next: Int32 = 0
        /// The last 32 events before that, the latest in the lowest bit: 1 for those that were shown.
        var shown: UInt32 = .max
    }

    /// How many channels a room has.
    let lanes: Int
    /// The sum of all cursors: when it is the sum of what was published to each stream, all have come to the end.
    private(set) var accounted = 0
    private var cursors: [Cursor]
    /// A hash of the order in which a stream was shown the events of several channels; `noOrder` for one that was
    /// not shown all.
    private var orders: [UInt64]
    private static let noOrder = UInt64.max

    /// Cursors at the beginning, for so many streams.
    init(streams: Int, lanes: Int) {
        self.lanes = lanes
        cursors = Array(repeating: Cursor(), count: streams * lanes)
        orders = Array(repeating: 0, count: lanes > 1 ? streams : 0)
    }

    /// Judges an event that a stream of room `room` is shown, and moves its cursor.
    mutating func take(stream: Int, room: Int, channel: Int, sequence: Int) -> Verdict {
        let lane = channel - room * lanes
        guard 0..<lanes ~= lane else { return .foreign }
        let place = stream * lanes + lane
        let next = Int(cursors[place].next)
        if next < 0 {
            cursors[place] = Cursor(next: Int32(sequence + 1))
            accounted += sequence + 1
            return .due
        }
        if sequence < next { return takeOld(next - 1 - sequence, at: place) }
        let skipped = sequence - next
        cursors[place].next = Int32(sequence + 1)
        cursors[place].shown = (skipped < 31 ? cursors[place].shown << UInt32(skipped + 1) : 0) | 1
        accounted += skipped + 1
        if lanes > 1, orders[stream] != Self.noOrder {
            orders[stream] = skipped > 0 ? Self.noOrder : Self.mix(orders[stream], lane, sequence)
        }
        return skipped == 0 ? .due : .skipped(skipped)
    }

    private mutating func takeOld(_ age: Int, at place: Int) -> Verdict {
        guard age < 32, cursors[place].shown & (1 << UInt32(age)) == 0 else { return .repeated }
        cursors[place].shown |= 1 << UInt32(age)
        return .late
    }

    private static func mix(_ hash: UInt64, _ lane: Int, _ sequence: Int) -> UInt64 {
        (hash ^ UInt64(lane) << 40 ^ UInt64(sequence)) &* 0x9E37_79B9_7F4A_7C15 ^ hash >> 29
    }

    /// Whether a stream came later, and has seen nothing of that channel yet.
    func isFresh(stream: Int, channel: Int, room: Int) -> Bool {
        let lane = channel - room * lanes
        return 0..<lanes ~= lane && cursors[stream * lanes + lane].next < 0
    }

    /// Lets a stream begin anew, with whatever it is shown first.
    mutating func forget(stream: Int) {
        for place in stream * lanes..<(stream + 1) * lanes {
            accounted -= max(0, Int(cursors[place].next))
            cursors[place] = Cursor(next: -1)
        }
        if lanes > 1 { orders[stream] = Self.noOrder }
    }

    /// How far a stream has come in one channel of its room; nil if it has seen nothing of it since it began anew.
    func position(stream: Int, lane: Int) -> Int? {
        let next = Int(cursors[stream * lanes + lane].next)
        return next < 0 ? nil : next
    }

    /// A hash of the order in which a stream was shown everything; nil if it was not, or if there is only one order.
    func order(of stream: Int) -> UInt64? {
        orders.isEmpty || orders[stream] == Self.noOrder ? nil : orders[stream]
    }
}
