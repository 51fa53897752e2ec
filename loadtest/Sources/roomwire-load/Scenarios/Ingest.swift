internal import ArgumentParser

/// `roomwire-load ingest`: how fast events are taken in.
struct Ingest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish over many connections as fast as it is answered: rate, and how long answers take.",
        discussion: """
            Each connection publishes its next event when the last was answered. With
            --rate they are due at fixed moments instead, and answers count from these.
            A few of the --streams follow all events, and are checked; the others listen
            to rooms where nothing happens, so --subscribe-url needs its {room} for them.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var pace: PaceOptions

    @Option(help: ArgumentHelp("How many of the streams follow the events.", valueName: "count"))
    var followers = 4

    func validate() throws {
        guard followers >= 0 else { throw ValidationError("--followers should be at least 0.") }
        guard pace.dropEvery == nil else { throw ValidationError("--drop-every does not go with ingest.") }
    }

    func run() throws {
        let connections = pace.connections ?? 64
        // Where all follow there are no other rooms, so that a server without rooms will do.
        let audience =
            followers < load.streams
            ? Audience(streams: load.streams, rooms: 101, followers: followers) : Audience(streams: load.streams)
        // What one rate gives is another row than what another gives.
        let run = try Run(
            pace.rate.map { "ingest at \(Report.text($0))/s" } ?? "ingest", server, load, audience: audience,
            lanes: connections)
        try run.openStreams()
        let publisher = try run.connectPublisher()
        run.pause(seconds: 0.5)
        let stretch = try run.measure {
            if let rate = pace.rate {
                try run.publish(rate: rate, seconds: pace.seconds ?? 5)
            } else {
                publishFlatOut(publisher, run)
            }
        }
        run.settle()
        run.collect()
        run.add("connections", Double(connections), "")
        run.add("events", Double(stretch.events), "")
        run.add("events_per_second", Double(stretch.events) / stretch.seconds, "/s")
        run.addCPU("cpu_per_event", stretch.cpu, per: stretch.events)
        run.addLoad(cpu: stretch.cpu, seconds: stretch.seconds)
        run.addAnswers()
        run.addDeliveries()
        try run.finish()
    }

    private func publishFlatOut(_ publisher: Publisher, _ run: Run) {
        let end = SteadyClock.nanoseconds() + Int64((pace.seconds ?? 5) * 1e9)
        publisher.refill = { SteadyClock.nanoseconds() < end ? 0 : nil }
        publisher.start()
        run.wait(atMost: (pace.seconds ?? 5) + load.timeout) {
            SteadyClock.nanoseconds() >= end && publisher.isDone || !publisher.isAlive
        }
        publisher.refill = nil
    }
}
