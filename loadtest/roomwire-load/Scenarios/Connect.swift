internal import ArgumentParser

/// `roomwire-load connect`: what it costs to let a stream in.
struct Connect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open streams as fast as they are let in: the server's processor time for each.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var load: LoadOptions

    func run() throws {
        let run = try Run("connect", server, load)
        let cpu = run.meter.cpuNanoseconds()
        let start = SteadyClock.nanoseconds()
        try run.openStreams()
        let seconds = Double(run.pool.openedNanoseconds - start) / 1e9
        let used = run.meter.cpuNanoseconds() - cpu
        let count = Double(run.pool.openCount)
        if !server.serverPid.isEmpty { run.add("cpu_per_stream", Double(used) / count / 1000, "us") }
        run.add("streams_per_second", count / seconds, "/s")
        run.addLoad(cpu: used, seconds: seconds)
        try run.finish()
    }
}
