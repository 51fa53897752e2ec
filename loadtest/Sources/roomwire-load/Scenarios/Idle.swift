internal import ArgumentParser

/// `roomwire-load idle`: what it costs to let streams in, and to keep them.
struct Idle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open streams and let them be: memory of the server for each, and processor time to let it in.",
        discussion: "Measure a server that has just started: it would take memory again, unseen, that it has freed.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions

    @Option(help: ArgumentHelp("How long to let them be.", valueName: "seconds"))
    var settle: Double = 3

    func run() throws {
        let run = try Run("idle", server, load)
        let before = run.meter.usage()
        let start = SteadyClock.nanoseconds()
        let stretch = try run.measure { try run.openStreams() }
        let status = run.fleet.status
        run.pause(seconds: settle)
        let after = run.meter.usage()
        run.collect()
        let count = Double(max(1, status.open))
        if !server.serverPid.isEmpty {
            run.add("private_memory_per_stream", Double(after.privateBytes - before.privateBytes) / count, "B")
            run.add("resident_memory_per_stream", Double(after.residentBytes - before.residentBytes) / count, "B")
            run.add("resident_memory_before", Double(before.residentBytes) / 1024, "KiB")
            run.add("resident_memory_after", Double(after.residentBytes) / 1024, "KiB")
        }
        run.addCPU("cpu_per_stream", stretch.cpu, per: status.open)
        run.add("streams_per_second", count / (Double(status.openedNanoseconds - start) / 1e9), "/s")
        try run.finish()
    }
}
