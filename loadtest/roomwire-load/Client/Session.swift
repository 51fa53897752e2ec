internal import EventLoop
internal import Histogram

/// What one run of a scenario shares: the loop, what was published, and what came of it.
final class Session {
    /// The loop on which everything happens.
    let loop: Loop
    /// The events of this run, known again by it.
    let marker = Marker(run: UInt32.random(in: 0...UInt32.max))
    /// Where all sockets read into.
    let buffer = ClientSocket.makeBuffer()
    /// What was published, in order.
    var ledger: Ledger
    /// What the server did wrong.
    var faults = Faults()
    /// When each event was due, by its number, on the steady clock.
    var dueNanoseconds: [Int64] = []
    /// Latencies in microseconds, from the moment an event was due.
    private(set) var latencies = Histogram<UInt64>(
        highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
    /// Events shown to a stream.
    private(set) var deliveries = 0
    /// Bytes of the frames of these.
    private(set) var deliveredBytes = 0
    /// Whether latencies are noted: not while streams catch up with what they missed on purpose.
    var timesDeliveries = true

    /// A session on the thread that calls this.
    init(isOrderKnown: Bool) throws(SystemError) {
        loop = try Loop()
        ledger = Ledger(isOrderKnown: isOrderKnown)
    }

    deinit {
        buffer.deallocate()
    }

    /// Enters an event that is due at `moment`, and gives its number.
    func publish(due moment: Int64) -> Int {
        dueNanoseconds.append(moment)
        return ledger.publish()
    }

    /// Takes a frame that stream `stream` was shown at `now`.
    func take(_ frame: UnsafeRawBufferPointer, stream: Int, cursor: inout Int, now: Int64) {
        guard let number = marker.number(in: frame) else { return takeControl(frame, stream: stream) }
        let verdict = ledger.take(number, cursor: &cursor)
        if verdict == .due {
            if ledger.lacksID(number), let id = Marker.id(in: frame) { ledger.note(id: id, of: number) }
        } else {
            note(verdict, number: number, stream: stream)
        }
        guard dueNanoseconds.indices.contains(number) else { return }
        deliveries += 1
        deliveredBytes += frame.count + 2
        if timesDeliveries { latencies.record(UInt64(max(0, now - dueNanoseconds[number]) / 1000)) }
    }

    /// A frame of the server's own. Most say nothing that is looked at here.
    private func takeControl(_ frame: UnsafeRawBufferPointer, stream: Int) {
        if frame.position(of: Self.resync) != nil {
            faults.note("resync", "stream \(stream) was told that what it holds may be stale")
        }
    }

    private static let resync = Array(#""type":"resync""#.utf8)

    private func note(_ verdict: Ledger.Verdict, number: Int, stream: Int) {
        switch verdict {
        case .due: break
        case .repeated: faults.note("repeated or late", "stream \(stream) was shown event \(number) again, or too late")
        case .skipped(let count):
            faults.note("missing", "stream \(stream) was not shown \(count) events before event \(number)")
        case .misplaced:
            faults.note("misplaced", "stream \(stream) was shown event \(number) where others had another")
        case .unknown: faults.note("unknown", "stream \(stream) was shown event \(number), which nobody published")
        }
    }

    /// Runs the loop until `isDone`, looked at every few milliseconds, or until `seconds` have passed.
    /// - Returns: whether it was done in time.
    @discardableResult
    func wait(atMost seconds: Double, until isDone: @escaping () -> Bool) -> Bool {
        let deadline = SteadyClock.nanoseconds() + Int64(seconds * 1e9)
        var isInTime = isDone()
        guard !isInTime else { return true }
        var timer: LoopTimer?
        timer = LoopTimer(on: loop) { [loop] in
            isInTime = isDone()
            if isInTime || SteadyClock.nanoseconds() >= deadline { return loop.stop() }
            timer?.set(afterMilliseconds: 2)
        }
        timer?.set(afterMilliseconds: 2)
        loop.run()
        timer = nil
        return isInTime
    }

    /// Lets time pass.
    func pause(seconds: Double) {
        wait(atMost: seconds) { false }
    }
}
