internal import Histogram

/// All streams of a run, whichever process holds them.
final class Fleet {
    private enum Member {
        case here(Shard)
        case elsewhere(ShardProcess)
    }

    /// All streams, with their rooms.
    let audience: Audience
    private var members: [Member] = []

    /// Streams in this process, or, if there are more than `perProcess`, in copies of it.
    init(_ setup: ShardSetup, perProcess: Int, at place: Workplace) throws {
        audience = setup.audience
        let count = audience.streams
        guard count > perProcess else {
            members = [.here(try Shard(setup, at: place))]
            return
        }
        let processes = (count + perProcess - 1) / perProcess
        for number in 0..<processes {
            let share = setup.share(count * number / processes..<count * (number + 1) / processes, of: processes)
            members.append(.elsewhere(try ShardProcess(share, on: place.loop)))
        }
    }

    /// How many processes hold streams.
    var processCount: Int { members.count }

    /// Lets all shards carry out a command.
    func carryOut(_ command: ShardCommand) {
        for member in members {
            switch member {
            case .here(let shard): shard.carryOut(command)
            case .elsewhere(let process): process.carryOut(command)
            }
        }
    }

    /// Where all stand; not settled while one has not said so since the last command.
    var status: ShardStatus {
        var sum = ShardStatus()
        for member in members {
            switch member {
            case .here(let shard): sum.add(shard.status)
            case .elsewhere(let process):
                sum.add(process.status)
                sum.isSettled = sum.isSettled && process.isCurrent
            }
        }
        return sum
    }

    /// Whether a process has gone without a word.
    var isLost: Bool {
        members.contains { if case .elsewhere(let process) = $0 { process.isLost } else { false } }
    }

    /// Tells all to finish. Their results are there when ``results`` are as many as there are processes.
    func finish(published: [Int]) {
        for (index, member) in members.enumerated() {
            switch member {
            case .here(let shard): finished[index] = shard.finish(published: published)
            case .elsewhere(let process): process.carryOut(.finish(published: published))
            }
        }
    }

    /// The results that are there.
    var results: [ShardResult] {
        members.enumerated().compactMap { index, member in
            if case .elsewhere(let process) = member { process.result } else { finished[index] }
        }
    }
    private var finished: [Int: ShardResult] = [:]
}

extension ShardSetup {
    /// The same for some of the streams, of which each process opens its part of those that may be on their way.
    func share(_ streams: Range<Int>, of processes: Int) -> ShardSetup {
        ShardSetup(
            run: run, epochNanoseconds: epochNanoseconds, first: streams.lowerBound, end: streams.upperBound,
            audience: audience, lanes: lanes, target: target, connecting: max(1, connecting / processes),
            stalling: stalling)
    }
}

/// What came of all streams together.
struct FleetResult {
    /// What the server did wrong.
    private(set) var faults = Faults()
    /// Latencies of deliveries, in microseconds.
    private(set) var latencies = Tally.histogram()
    /// How late this program was, in microseconds.
    private(set) var lateness = Tally.histogram()
    /// Deliveries in each step of the timeline.
    private(set) var timeline: [Int] = []
    /// Events shown.
    private(set) var deliveries = 0
    /// Bytes of these.
    private(set) var deliveredBytes = 0
    /// Streams that were cut on purpose.
    private(set) var drops = 0
    /// TLS handshakes that made a new session.
    private(set) var fullHandshakes = 0
    /// TLS handshakes that resumed one.
    private(set) var resumedHandshakes = 0

    /// Adds the results up, and compares the orders in which streams of different processes were shown events.
    init(_ results: [ShardResult]) {
        var orders: [[UInt64: Int]] = []
        for result in results {
            faults.add(result.faults)
            result.latencies.add(to: &latencies)
            result.lateness.add(to: &lateness)
            deliveries += result.deliveries
            deliveredBytes += result.deliveredBytes
            drops += result.drops
            fullHandshakes += result.fullHandshakes
            resumedHandshakes += result.resumedHandshakes
            while timeline.count < result.timeline.count { timeline.append(0) }
            for (step, count) in result.timeline.enumerated() { timeline[step] += count }
            while orders.count < result.orders.count { orders.append([:]) }
            for (room, found) in result.orders.enumerated() { orders[room].merge(found) { first, _ in first } }
        }
        for streams in orders where streams.count > 1 {
            let different = streams.values.sorted()
            faults.note(
                .otherOrder, count: different.count - 1,
                "streams \(different[0]) and \(different[1]) were shown the same events in different orders")
        }
    }
}
