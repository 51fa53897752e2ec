internal import ArgumentParser

/// `roomwire-load stall`: some stop reading, the others must not notice.
struct Stall: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let some streams stop reading beside healthy ones; then they read on, and must miss nothing.",
        discussion: """
            Latencies are those of the healthy streams. Memory that grows is the server's own: what the kernel's socket
            buffers hold does not count. Let an ingest run before it, so that what the
            server keeps in memory anyway is full.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var pace: PaceOptions

    @Option(help: ArgumentHelp("How many of the streams stall.", valueName: "count"))
    var stalled = 100

    func validate() throws {
        guard stalled > 0, stalled < load.streams else {
            throw ValidationError("--stalled should be more than 0 and less than --streams.")
        }
        guard pace.dropEvery == nil else { throw ValidationError("--drop-every does not go with stalled streams.") }
    }

    func run() throws {
        let run = try Run("stall", server, load, lanes: pace.connections ?? 1, stalling: stalled)
        let rate = pace.rate ?? 100
        try run.openStreams()
        let publisher = try run.connectPublisher()
        publisher.publish(to: 0, due: SteadyClock.nanoseconds())
        run.settle()
        run.pause(seconds: 1)

        let before = run.meter.usage()
        run.fleet.carryOut(.stall(streams: stalled))
        let stretch = try run.measure {
            try run.publish(rate: rate, seconds: pace.seconds ?? 10)
            run.pause(seconds: 0.5)
        }
        let during = run.meter.usage()
        run.fleet.carryOut(.stall(streams: 0))
        let start = SteadyClock.nanoseconds()
        run.settle()
        let last = run.fleet.status.progressNanoseconds
        let after = run.meter.usage()
        run.collect()
        run.add("stalled", Double(stalled), "")
        if !server.serverPid.isEmpty {
            let growth = Double(during.privateBytes - before.privateBytes)
            run.add("private_memory_growth", growth / 1024, "KiB")
            run.add("private_memory_growth_per_stalled", growth / Double(stalled), "B")
            run.add("private_memory_growth_at_end", Double(after.privateBytes - before.privateBytes) / 1024, "KiB")
        }
        run.addCPU("cpu_per_delivery", stretch.cpu, per: stretch.deliveries)
        run.addLoad(cpu: stretch.cpu, seconds: stretch.seconds)
        run.add("seconds_until_caught_up", max(0, Double(last - start) / 1e9), "s")
        run.addDeliveries()
        try run.finish()
    }
}
