internal import ArgumentParser

/// `roomwire-load storm`: everybody comes back at once, and has missed something.
struct Storm: ParsableCommand {
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
        let run = try Run("storm", server, load, connecting: 1000)
        try run.openStreams()
        let publisher = try run.connectPublisher()
        run.fleet.carryOut(.time(false))
        publisher.publish(to: 0, due: SteadyClock.nanoseconds())
        run.settle()
        run.fleet.carryOut(.close)
        run.waitForStreams()
        for _ in 0..<missed { publisher.publish(to: 0, due: SteadyClock.nanoseconds()) }
        run.wait(atMost: load.timeout) { publisher.isDone || !publisher.isAlive }

        let start = SteadyClock.nanoseconds()
        let stretch = try run.measure {
            try run.openStreams()
            run.settle()
        }
        let status = run.fleet.status
        run.collect()
        run.add("missed_events", Double(missed), "")
        run.add("seconds_until_open", Double(status.openedNanoseconds - start) / 1e9, "s")
        run.add("seconds_until_caught_up", Double(status.progressNanoseconds - start) / 1e9, "s")
        run.addCPU("cpu_per_resume", stretch.cpu, per: status.open)
        run.addLoad(cpu: stretch.cpu, seconds: stretch.seconds)
        run.addDeliveries()
        try run.finish()
    }
}
