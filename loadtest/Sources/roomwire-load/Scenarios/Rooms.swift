internal import ArgumentParser

/// `roomwire-load rooms`: what an event for a few costs when there are many others.
struct Rooms: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Many rooms with few streams each: what an event for one room costs as other streams grow.",
        discussion: """
            Run it with few --streams and with many, and the same --active: processor time for each event should be the
            same, since the others are not concerned.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var pace: PaceOptions

    @Option(help: ArgumentHelp("How many streams share a room.", valueName: "count"))
    var perRoom = 10

    @Option(
        help: ArgumentHelp("How many rooms events are published to, in turn. Default: all.", valueName: "count"))
    var active: Int?

    func validate() throws {
        guard perRoom > 0, active.map({ $0 > 0 }) ?? true else {
            throw ValidationError("--per-room and --active should be more than 0.")
        }
    }

    func run() throws {
        let rooms = max(1, load.streams / perRoom)
        // Never fewer than two, so that streams name their room.
        let audience = Audience(streams: load.streams, rooms: max(2, rooms))
        let run = try Run("rooms", server, load, audience: audience, lanes: pace.connections ?? 1)
        try run.openStreams()
        _ = try run.connectPublisher()
        run.pause(seconds: 0.5)
        let stretch = try run.measure {
            try run.publish(
                rate: pace.rate ?? 100, seconds: pace.seconds ?? 10, rooms: min(active ?? rooms, rooms),
                cuts: pace.cuts)
            run.settle()
        }
        run.collect()
        run.add("rooms", Double(rooms), "")
        run.addCPU("cpu_per_event", stretch.cpu, per: stretch.events)
        run.addCPU("cpu_per_delivery", stretch.cpu, per: stretch.deliveries)
        run.addLoad(cpu: stretch.cpu, seconds: stretch.seconds)
        run.addDeliveries()
        try run.finish()
    }
}
