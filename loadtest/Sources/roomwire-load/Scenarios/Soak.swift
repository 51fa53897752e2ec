internal import ArgumentParser
internal import EventLoop

/// `roomwire-load soak`: a bit of everything, for long.
struct Soak: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rooms, streams that come and go, and some that stall, for minutes: does memory grow?",
        discussion: """
            The slope is that of resident memory once the first third of the time has
            passed, when what the server keeps in memory should be full.
            """)

    /// How often some streams stall or read on.
    private static let turns = 6.0

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var pace: PaceOptions

    @Option(help: ArgumentHelp("How many rooms.", valueName: "count"))
    var rooms = 20

    @Option(help: ArgumentHelp("How many streams stall, for half the time.", valueName: "count"))
    var stalled = 10

    func validate() throws {
        guard rooms > 0, rooms <= load.streams, 0..<load.streams ~= stalled else {
            throw ValidationError("--rooms and --stalled should be less than --streams.")
        }
    }

    func run() throws {
        let audience = Audience(streams: load.streams, rooms: max(2, rooms))
        let run = try Run("soak", server, load, audience: audience, lanes: pace.connections ?? 1, stalling: stalled)
        try run.openStreams()
        _ = try run.connectPublisher()
        let start = run.sampler.samples.last?.seconds ?? 0
        let seconds = pace.seconds ?? 300
        var isStalled = false
        var turns: LoopTimer?
        turns = LoopTimer(on: run.loop) { [stalled] in
            isStalled.toggle()
            run.fleet.carryOut(.stall(streams: isStalled ? stalled : 0))
            turns?.set(afterMilliseconds: Int64(seconds * 1000 / Self.turns))
        }
        turns?.set(afterMilliseconds: Int64(seconds * 1000 / Self.turns))
        let cuts = Cuts(everySeconds: pace.dropEvery ?? 0.1, awaySeconds: pace.away ?? 0, newEvery: 5)
        let stretch = try run.measure {
            try run.publish(
                rate: pace.rate ?? 100, seconds: seconds, rooms: audience.rooms, cuts: cuts)
            turns = nil
            run.fleet.carryOut(.stall(streams: 0))
            run.settle()
        }
        let samples = run.sampler.samples
        run.collect()
        run.add("rooms", Double(audience.rooms), "")
        if let first = samples.first, let last = samples.last {
            run.add("resident_memory_before", Double(first.residentBytes) / 1024, "KiB")
            run.add("resident_memory_after", Double(last.residentBytes) / 1024, "KiB")
        }
        if let slope = Sampler.slope(samples, from: start + seconds / 3) {
            run.add("resident_memory_slope", slope * 60 / 1024, "KiB/min")
        }
        run.addCPU("cpu_per_delivery", stretch.cpu, per: stretch.deliveries)
        run.addLoad(cpu: stretch.cpu, seconds: stretch.seconds)
        run.addDeliveries()
        try run.finish()
    }
}
