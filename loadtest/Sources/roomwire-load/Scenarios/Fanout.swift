internal import ArgumentParser

/// `roomwire-load fanout`: what it costs to show an event to every stream.
struct Fanout: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish to all streams: processor time of the server for each delivery, and latencies.",
        discussion: """
            Events are published at a steady rate, one after another, or, with --burst,
            flat out: many at once over as many connections, and the next burst when the
            last was delivered. Latencies count from the moment an event was due, so that
            what a server keeps waiting is not left out (no coordinated omission).
            """)

    /// The most connections that a burst is published over.
    private static let mostConnections = 256

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var pace: PaceOptions

    @Option(help: ArgumentHelp("Events at once, instead of a rate.", valueName: "count"))
    var burst: Int?

    @Option(help: ArgumentHelp("How many bursts.", valueName: "count"))
    var bursts = 5

    func validate() throws {
        guard bursts > 0, burst.map({ $0 > 0 }) ?? true else {
            throw ValidationError("--burst and --bursts should be more than 0.")
        }
        if burst != nil, pace.rate != nil || pace.dropEvery != nil || pace.seconds != nil {
            throw ValidationError("A --burst goes without --rate, --seconds and --drop-every.")
        }
    }

    func run() throws {
        let run = try Run(
            burst == nil ? "fanout" : "burst", server, load,
            lanes: pace.connections ?? burst.map { min($0, Self.mostConnections) } ?? 1)
        try run.openStreams()
        let publisher = try run.connectPublisher()
        // What a server puts off when streams open is not to be counted as fan-out.
        run.pause(seconds: 0.5)
        let stretch = try run.measure {
            if let burst {
                for _ in 0..<bursts { publishAtOnce(burst, publisher, run) }
            } else {
                try run.publish(
                    rate: pace.rate ?? 10, seconds: pace.seconds ?? 10, cuts: pace.cuts)
                run.settle()
            }
        }
        run.collect()
        run.addCPU("cpu_per_delivery", stretch.cpu, per: stretch.deliveries)
        run.add("deliveries_per_second", Double(stretch.deliveries) / stretch.seconds, "/s")
        run.addLoad(cpu: stretch.cpu, seconds: stretch.seconds)
        run.addDeliveries()
        try run.finish()
    }

    private func publishAtOnce(_ count: Int, _ publisher: Publisher, _ run: Run) {
        let due = SteadyClock.nanoseconds()
        for _ in 0..<count { publisher.publish(to: 0, due: due) }
        run.settle()
    }
}
