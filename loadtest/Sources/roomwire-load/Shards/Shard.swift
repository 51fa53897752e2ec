internal import Platform

/// A process's share of the streams: opens them a window at a time, cuts and stalls them when told.
final class Shard {
    /// How much the kernel holds for a stream that stalls, so that it soon holds the server up.
    private static let stallingBufferBytes: CInt = 16 * 1024

    /// Where its sockets are.
    let place: Workplace
    private let setup: ShardSetup
    private let target: StreamTarget
    private let examiner: Examiner
    private var streams: [Subscription] = []
    /// Numbers of the streams that are to be opened, and how far that has come.
    private var queue: [Int] = []
    private var next = 0
    private var underWay = 0
    private var counts = ShardStatus()
    private var dropper: Dropper?

    /// The share of the setup, none of it opened.
    init(_ setup: ShardSetup, at place: Workplace) throws {
        self.place = place
        self.setup = setup
        target = try StreamTarget(
            setup.target, for: setup.streams, of: setup.audience, now: WallClock.now())
        examiner = Examiner(
            setup.streams, of: setup.audience, lanes: setup.lanes, firstTimed: setup.stalling,
            marker: Marker(run: setup.run), epoch: setup.epochNanoseconds)
        streams.reserveCapacity(setup.streams.count)
        for index in setup.streams { streams.append(Subscription(index: index, shard: self, examiner: examiner)) }
    }

    /// Where it stands.
    var status: ShardStatus {
        var status = counts
        status.isSettled = next == queue.count && underWay == 0
        status.accounted = examiner.cursors.accounted
        status.progressNanoseconds = examiner.lastProgressNanoseconds
        status.deliveries = examiner.tally.deliveries
        status.faults = examiner.faults.count
        return status
    }

    /// Carries out a command.
    func carryOut(_ command: ShardCommand) {
        counts.commands += 1
        switch command {
        case .open: openAll()
        case .close: closeAll()
        case .stall(let count): stall(count)
        case .time(let isOn): examiner.timesDeliveries = isOn
        case .watch(let isOn): place.stalls.run(isOn)
        case .drop(let drops):
            dropper?.stop()
            dropper = nil
            // A schedule stays: a stream that began anew may see its first event only now.
            guard let drops else { return }
            examiner.schedule = drops.schedule
            dropper = Dropper(drops, on: place.loop, shard: self)
        case .finish: break
        }
    }

    private func openAll() {
        open(streams.filter { $0.state != .open && $0.state != .connecting }.map(\.index))
    }

    private func open(_ indexes: [Int]) {
        if next == queue.count {
            queue.removeAll(keepingCapacity: true)
            next = 0
        }
        queue += indexes
        fillWindow()
    }

    private func closeAll() {
        for stream in streams { stream.close() }
        counts.open = 0
        queue = []
        next = 0
        underWay = 0
    }

    private func stall(_ count: Int) {
        for stream in streams where stream.index < setup.stalling { stream.stall(stream.index < count) }
    }

    private func fillWindow() {
        while underWay < setup.connecting, next < queue.count {
            let stream = streams[queue[next] - setup.first]
            next += 1
            underWay += 1
            stream.open(
                target.request(for: stream.index, lastEventID: examiner.lastID(of: stream.index)),
                over: target.route, from: target.source(for: stream.index),
                receiveBufferBytes: stream.index < setup.stalling ? Self.stallingBufferBytes : nil)
        }
    }

    /// Everything that came of it.
    func finish(published: [Int]) -> ShardResult {
        var orders = [[UInt64: Int]](repeating: [:], count: setup.lanes > 1 ? setup.audience.rooms : 0)
        for stream in streams where stream.state == .open {
            let isComplete = examiner.checkEnd(of: stream.index, published: published)
            if isComplete, let order = examiner.cursors.order(of: stream.index - setup.first) {
                orders[setup.audience.room(of: stream.index)][order] = stream.index
            }
        }
        let tally = examiner.tally
        let result = ShardResult(
            faults: examiner.faults, latencies: Counts(tally.latencies),
            lateness: Counts(place.stalls.lateness.microseconds), timeline: tally.timeline,
            deliveries: tally.deliveries, deliveredBytes: tally.deliveredBytes, orders: orders, drops: counts.drops,
            fullHandshakes: target.route.tls?.fullHandshakes ?? 0,
            resumedHandshakes: target.route.tls?.resumedHandshakes ?? 0)
        closeAll()
        return result
    }
}

// What the streams tell.
extension Shard {
    /// A stream was let in.
    func streamIsOpen(at moment: Int64) {
        counts.open += 1
        counts.openedNanoseconds = moment
        underWay -= 1
        fillWindow()
    }

    /// A stream was not let in, or ended by itself; then it comes back, as a browser does.
    func streamEnded(_ stream: Subscription, wasOpen: Bool, because reason: String) {
        guard wasOpen else {
            counts.refused += 1
            examiner.faults.note(.notOpened, "stream \(stream.index) did not open: \(reason)")
            underWay -= 1
            return fillWindow()
        }
        counts.open -= 1
        examiner.faults.note(.ended, "stream \(stream.index) ended: \(reason)")
        open([stream.index])
    }
}

// What the dropper does.
extension Shard {
    /// How many streams there are.
    var streamCount: Int { streams.count }

    /// Cuts a stream, if it stands.
    /// - Parameter isNew: whether it comes back as somebody who was not here before.
    /// - Returns: whether it was cut.
    func drop(_ place: Int, isNew: Bool) -> Bool {
        let stream = streams[place]
        // Those that stall would read on.
        guard stream.state == .open, stream.index >= setup.stalling else { return false }
        stream.close()
        counts.open -= 1
        counts.drops += 1
        // Who was shown nothing has nothing to resume from, and no claim to what comes while it is away.
        let isEmpty = (0..<setup.lanes).allSatisfy { (examiner.cursors.position(stream: place, lane: $0) ?? 0) == 0 }
        if isNew || isEmpty { examiner.forget(stream.index) }
        if isNew { stream.forgetSession() }
        return true
    }

    /// Opens streams again that were cut.
    func reopen(_ places: [Int]) {
        open(places.map { setup.first + $0 })
    }
}
