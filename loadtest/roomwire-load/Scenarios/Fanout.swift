internal import ArgumentParser
internal import EventLoop

/// `roomwire-load fanout`: what it costs to show an event to every stream.
struct Fanout: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish to all streams: processor time of the server for each delivery, and latencies.",
        discussion: """
            Events are published at a steady rate, one after another, or, with --burst,
            many at once over as many connections, and the next burst when the last was
            delivered. Latencies count from the moment an event was due, so that what a
            server keeps waiting is not left out.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions

    @Option(help: ArgumentHelp("Events a second.", valueName: "count"))
    var rate: Double = 10

    @Option(help: ArgumentHelp("How long.", valueName: "seconds"))
    var seconds: Double = 10

    @Option(help: ArgumentHelp("Events at once, instead of a rate.", valueName: "count"))
    var burst: Int?

    @Option(help: ArgumentHelp("How many bursts.", valueName: "count"))
    var bursts = 5

    func validate() throws {
        guard rate > 0, rate <= 100_000, seconds > 0, bursts > 0, burst.map({ $0 > 0 }) ?? true else {
            throw ValidationError("--rate, --seconds, --burst and --bursts should be more than 0.")
        }
    }

    func run() throws {
        let run = try Run(burst == nil ? "fanout" : "burst", server, load, isOrderKnown: burst == nil)
        try run.openStreams()
        let publisher = try run.publisher(server, connections: burst.map { min($0, 256) } ?? 1)
        // What a server puts off when streams open is not to be counted as fan-out.
        run.session.pause(seconds: 0.5)
        let cpu = run.meter.cpuNanoseconds()
        let start = SteadyClock.nanoseconds()
        if let burst {
            for _ in 0..<bursts { publishAtOnce(burst, publisher, run) }
        } else {
            try publishSteadily(publisher, run)
        }
        let used = run.meter.cpuNanoseconds() - cpu
        let lapse = Double(SteadyClock.nanoseconds() - start) / 1e9
        addFigures(run, cpu: used, seconds: lapse)
        try run.finish()
    }

    private func publishAtOnce(_ count: Int, _ publisher: Publisher, _ run: Run) {
        let due = SteadyClock.nanoseconds()
        for _ in 0..<count { publisher.publish(due: due) }
        run.settle(publisher)
    }

    private func publishSteadily(_ publisher: Publisher, _ run: Run) throws {
        let mailbox = try Mailbox<Int64>()
        let reader = mailbox.attach(
            to: run.session.loop, limit: 64, handle: { publisher.publish(due: $0) }, endOfTurn: {})
        defer { mailbox.close() }
        let count = max(1, Int(rate * seconds))
        try Pacer.run(
            from: SteadyClock.nanoseconds() + 1_000_000, interval: Int64(1e9 / rate), count: count, to: mailbox)
        withExtendedLifetime(reader) {
            _ = run.session.wait(atMost: seconds + load.timeout) {
                run.session.ledger.publishedCount == count && publisher.isDone && run.pool.isCaughtUp
            }
        }
    }

    private func addFigures(_ run: Run, cpu: Int64, seconds: Double) {
        let deliveries = run.session.deliveries
        if !server.serverPid.isEmpty, deliveries > 0 {
            run.add("cpu_per_delivery", Double(cpu) / Double(deliveries) / 1000, "us")
        }
        run.add("deliveries_per_second", Double(deliveries) / seconds, "/s")
        run.addLoad(cpu: cpu, seconds: seconds)
        run.addDeliveries()
    }
}
