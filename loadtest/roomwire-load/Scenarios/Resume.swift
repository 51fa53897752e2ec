internal import ArgumentParser

/// `roomwire-load resume`: everybody comes back at once, and has missed something.
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cut all streams, publish, and open them again with Last-Event-ID: nothing may be lost or doubled.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions

    @Option(help: ArgumentHelp("Events that are published while nobody is there.", valueName: "count"))
    var missed = 20

    func validate() throws {
        guard missed > 0 else { throw ValidationError("--missed should be more than 0.") }
    }

    func run() throws {
        let run = try Run("resume", server, load)
        try run.openStreams()
        let publisher = try run.publisher(server, connections: 1)
        run.session.timesDeliveries = false
        publisher.publish(due: SteadyClock.nanoseconds())
        run.settle(publisher)
        run.pool.closeAll()
        for _ in 0..<missed { publisher.publish(due: SteadyClock.nanoseconds()) }
        run.session.wait(atMost: load.timeout) { publisher.isDone }

        let cpu = run.meter.cpuNanoseconds()
        let start = SteadyClock.nanoseconds()
        try run.openStreams()
        run.settle(publisher)
        let seconds = Double(SteadyClock.nanoseconds() - start) / 1e9
        let used = run.meter.cpuNanoseconds() - cpu
        run.add("missed_events", Double(missed), "")
        run.add("seconds_until_caught_up", seconds, "s")
        if !server.serverPid.isEmpty {
            run.add("cpu_per_resume", Double(used) / Double(run.pool.openCount) / 1000, "us")
        }
        run.addLoad(cpu: used, seconds: seconds)
        run.addDeliveries()
        try run.finish()
    }
}
