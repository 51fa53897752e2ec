internal import ArgumentParser

/// `roomwire-load idle`: what streams cost while nothing happens.
struct Idle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open streams and let them be: memory of the server for each.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions

    @Option(help: ArgumentHelp("How long to let them be.", valueName: "seconds"))
    var settle: Double = 3

    func run() throws {
        let run = try Run("idle", server, load)
        let before = run.meter.usage()
        try run.openStreams()
        run.session.pause(seconds: settle)
        let after = run.meter.usage()
        if !server.serverPid.isEmpty {
            let count = Double(run.pool.openCount)
            run.add("private_memory_per_stream", Double(after.privateBytes - before.privateBytes) / count, "B")
            run.add("resident_memory_per_stream", Double(after.residentBytes - before.residentBytes) / count, "B")
            run.add("resident_memory_before", Double(before.residentBytes) / 1024, "KiB")
            run.add("resident_memory_after", Double(after.residentBytes) / 1024, "KiB")
        }
        try run.finish()
    }
}
