internal import ArgumentParser

/// `roomwire-load churn`: streams come and go while events flow.
struct Churn: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Streams come and go while events flow: each life is checked from its first moment.",
        discussion: """
            Every --drop-every seconds a stream goes. Most come back with Last-Event-ID and
            must miss nothing; every --new-every-th comes as somebody who was not here
            before, and must be shown all that is due after it stands.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var pace: PaceOptions

    @Option(help: ArgumentHelp("Every so manieth that comes is new; 0: all come back.", valueName: "count"))
    var newEvery = 3

    func validate() throws {
        guard newEvery >= 0 else { throw ValidationError("--new-every should be at least 0.") }
    }

    func run() throws {
        let run = try Run("churn", server, load, lanes: pace.connections ?? 1)
        try run.openStreams()
        _ = try run.connectPublisher()
        let cuts = Cuts(everySeconds: pace.dropEvery ?? 0.01, awaySeconds: pace.away ?? 0.02, newEvery: newEvery)
        let stretch = try run.measure {
            try run.publish(
                rate: pace.rate ?? 100, seconds: pace.seconds ?? 10, cuts: cuts)
            run.settle()
        }
        run.collect()
        run.addCPU("cpu_per_delivery", stretch.cpu, per: stretch.deliveries)
        run.addLoad(cpu: stretch.cpu, seconds: stretch.seconds)
        run.addDeliveries()
        try run.finish()
    }
}
