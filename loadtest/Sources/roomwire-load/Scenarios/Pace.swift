/// What a stretch of publishing took.
struct Stretch {
    /// The server's time on a processor, in nanoseconds.
    let cpu: Int64
    /// How long it lasted.
    let seconds: Double
    /// Events shown meanwhile.
    let deliveries: Int
    /// Events published meanwhile.
    let events: Int
}

/// How streams are cut while events flow.
struct Cuts {
    /// One so often.
    let everySeconds: Double
    /// How long they stay away.
    let awaySeconds: Double
    /// Every so manieth comes back as somebody new; 0: all resume.
    let newEvery: Int
}

extension PaceOptions {
    /// The cuts that were asked for.
    var cuts: Cuts? { dropEvery.map { Cuts(everySeconds: $0, awaySeconds: away ?? 0, newEvery: 0) } }
}

extension Run {
    /// Measures the server while `work` goes on.
    func measure(_ work: () throws -> Void) rethrows -> Stretch {
        let cpu = meter.cpuNanoseconds()
        let start = SteadyClock.nanoseconds()
        let deliveries = fleet.status.deliveries
        let events = publisher?.publishedCount ?? 0
        fleet.carryOut(.watch(true))
        place.stalls.run(true)
        defer {
            fleet.carryOut(.watch(false))
            place.stalls.run(false)
        }
        try work()
        return Stretch(
            cpu: meter.cpuNanoseconds() - cpu, seconds: Double(SteadyClock.nanoseconds() - start) / 1e9,
            deliveries: fleet.status.deliveries - deliveries, events: (publisher?.publishedCount ?? 0) - events)
    }

    /// Publishes `rate` events a second to the first `rooms` rooms in turn, and waits until they were answered.
    ///
    /// The moments at which they are due are fixed beforehand: what the server, or this program, keeps waiting counts
    /// as latency.
    func publish(rate: Double, seconds: Double, rooms: Int = 1, cuts: Cuts? = nil) throws {
        guard let publisher else { return }
        let before = publisher.publishedCount
        let count = max(1, Int(rate * seconds))
        let schedule = Schedule(
            startNanoseconds: SteadyClock.nanoseconds() + 20_000_000, intervalNanoseconds: Int64(1e9 / rate),
            channels: rooms)
        if let cuts {
            let interval = max(1, Int64(cuts.everySeconds * 1e9)) * Int64(fleet.processCount)
            // What came before counts in the places of events, and several channels share them out as they are free:
            // a schedule holds only for one connection, from its first event on.
            fleet.carryOut(
                .drop(
                    Drops(
                        intervalNanoseconds: interval, freshEvery: cuts.newEvery,
                        awayNanoseconds: Int64(cuts.awaySeconds * 1e9),
                        schedule: before == 0 && lanes == 1 ? schedule : nil)))
        }
        var next = 0
        place.pacer = try Pacer(schedule, count: count, on: loop) { due in
            publisher.publish(to: next, due: due)
            next = (next + 1) % rooms
        }
        defer { place.pacer = nil }
        wait(atMost: seconds + timeout) {
            publisher.publishedCount - before == count && publisher.isDone || !publisher.isAlive
        }
        if cuts != nil { try stopDropping(rooms: rooms) }
    }

    /// Ends the cuts. A last event for each room shows where those stand who began anew and have seen nothing yet.
    private func stopDropping(rooms: Int) throws {
        fleet.carryOut(.drop(nil))
        waitForStreams()
        for room in 0..<rooms { publisher?.publish(to: room, due: SteadyClock.nanoseconds()) }
    }
}
