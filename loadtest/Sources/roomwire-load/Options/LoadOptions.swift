internal import ArgumentParser

/// The flags that every scenario has.
struct LoadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many streams to open.", valueName: "count"))
    var streams = 1000

    @Option(
        help: ArgumentHelp(
            "How many of them may be on their way at a time. Default: 64; 1000 in a storm.", valueName: "count"))
    var connecting: Int?

    @Option(
        help: ArgumentHelp(
            "How many streams one process holds; for more, copies are started. Default: as many as it may open files.",
            valueName: "count"))
    var streamsPerProcess: Int?

    @Option(help: ArgumentHelp("From how many addresses 127.0.0.x to come, if the server is here.", valueName: "count"))
    var addresses = 8

    @Option(help: ArgumentHelp("How long to wait for streams to open, and for events.", valueName: "seconds"))
    var timeout: Double = 60

    @Option(help: ArgumentHelp("A name for the server in reports and comparisons.", valueName: "name"))
    var label = "server"

    @Flag(help: "Print the report as one line of JSON.")
    var json = false

    @Option(help: ArgumentHelp("Draw the run into this file.", valueName: "file"))
    var svg: String?

    func validate() throws {
        guard streams >= 0, connecting ?? 1 >= 1, streamsPerProcess ?? 1 >= 1, timeout > 0 else {
            throw ValidationError("--connecting, --streams-per-process and --timeout should be more than 0.")
        }
        guard 0...250 ~= addresses else { throw ValidationError("--addresses should be between 0 and 250.") }
    }
}

/// The flags of scenarios that publish at a steady rate.
struct PaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Events a second. Default: 10; 100 in rooms, stall, churn and soak.", valueName: "count"))
    var rate: Double?

    @Option(help: ArgumentHelp("How long. Default: 10; 5 in ingest, 300 in soak.", valueName: "seconds"))
    var seconds: Double?

    @Option(
        help: ArgumentHelp(
            "Cut a stream so often, one after the other, and open it again with Last-Event-ID.", valueName: "seconds"))
    var dropEvery: Double?

    @Option(
        help: ArgumentHelp(
            "How long they stay away; what they miss counts as late. Default: 0; 0.02 in churn.", valueName: "seconds"))
    var away: Double?

    @Option(
        help: ArgumentHelp(
            """
            Over how many connections to publish, each with one event at a time. With one, events must be shown in the \
            order in which they are published; with several the server chooses, and all streams must agree on it. \
            Default: 1; 64 for ingest.
            """, valueName: "count"))
    var connections: Int?

    func validate() throws {
        guard 1...250 ~= connections ?? 1 else {
            throw ValidationError("--connections should be between 1 and 250.")
        }
        guard rate.map({ $0 > 0 && $0 <= 100_000 }) ?? true, seconds.map({ $0 > 0 }) ?? true,
            dropEvery.map({ $0 >= 0.0001 }) ?? true, away.map({ 0...60 ~= $0 }) ?? true
        else { throw ValidationError("--rate, --seconds and --drop-every should be more than 0, --away at most 60.") }
    }
}
