/// What a process is told about its share of the streams, before anything else.
struct ShardSetup: Codable {
    /// The run's number, for its markers.
    let run: UInt32
    /// When the run began, on the steady clock.
    let epochNanoseconds: Int64
    /// The share: the first stream and the one after the last.
    let first: Int
    let end: Int
    /// All streams, with their rooms.
    let audience: Audience
    /// How many channels a room has.
    let lanes: Int
    /// What streams are opened with.
    let target: StreamTarget.Description
    /// How many may be on their way at a time.
    let connecting: Int
    /// How many of the first streams have a small receive buffer, since they will stall.
    let stalling: Int

    /// The share's streams.
    var streams: Range<Int> { first..<end }
}

/// What a shard is to do.
enum ShardCommand: Codable {
    /// Open all streams that do not stand, each from where it was.
    case open
    /// Close all streams.
    case close
    /// Stop reading the first so many of all streams; 0 reads all on.
    case stall(streams: Int)
    /// Note latencies, or not.
    case time(Bool)
    /// Measure how late this program is, or no longer.
    case watch(Bool)
    /// Cut one stream after the other and open it again: one each so many nanoseconds, every so manieth (0: none) of
    /// them as somebody new. Nil stops it.
    case drop(Drops?)
    /// Say everything, and end. What was published on each channel tells what streams lack.
    case finish(published: [Int])
}

/// How streams are cut on purpose.
struct Drops: Codable, Equatable {
    /// How far they are apart, in each shard.
    let intervalNanoseconds: Int64
    /// Every so manieth comes back as somebody new, without an id; 0: all resume.
    let freshEvery: Int
    /// How long they stay away.
    let awayNanoseconds: Int64
    /// When events are due meanwhile.
    let schedule: Schedule?
}

/// Where a shard stands.
struct ShardStatus: Codable {
    /// How many commands it has begun to carry out.
    var commands = 0
    /// Streams that stand.
    var open = 0
    /// Streams that were not let in.
    var refused = 0
    /// Whether all that were to open stand or were refused.
    var isSettled = true
    /// When the last stream was let in, on the steady clock.
    var openedNanoseconds: Int64 = 0
    /// The sum of all cursors.
    var accounted = 0
    /// When a stream was last shown an event.
    var progressNanoseconds: Int64 = 0
    /// Events shown.
    var deliveries = 0
    /// Faults so far.
    var faults = 0
    /// Streams that were cut on purpose.
    var drops = 0

    /// Adds another shard's.
    mutating func add(_ other: ShardStatus) {
        open += other.open
        refused += other.refused
        isSettled = isSettled && other.isSettled
        openedNanoseconds = max(openedNanoseconds, other.openedNanoseconds)
        accounted += other.accounted
        progressNanoseconds = max(progressNanoseconds, other.progressNanoseconds)
        deliveries += other.deliveries
        faults += other.faults
        drops += other.drops
    }
}

/// What came of a shard.
struct ShardResult: Codable {
    /// What the server did wrong.
    var faults: Faults
    /// Latencies of deliveries, in microseconds.
    var latencies: Counts
    /// How late this program was, in microseconds.
    var lateness: Counts
    /// Deliveries in each step of the timeline.
    var timeline: [Int]
    /// Events shown.
    var deliveries: Int
    /// Bytes of these.
    var deliveredBytes: Int
    /// By room, the orders in which its streams were shown the events of several channels, with a stream for each.
    var orders: [[UInt64: Int]]
    /// Streams that were cut on purpose.
    var drops: Int
    /// TLS handshakes that made a new session.
    var fullHandshakes: Int
    /// TLS handshakes that resumed one.
    var resumedHandshakes: Int
}

/// What a shard says.
enum ShardReport: Codable {
    case status(ShardStatus)
    case result(ShardResult)
}
