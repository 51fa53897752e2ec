internal import ArgumentParser
internal import EventLoop
internal import Histogram

/// A run of one scenario: streams are opened, something is done to them, and a report is made.
final class Run {
    let session: Session
    let pool: StreamPool
    let meter: ProcessMeter
    private let load: LoadOptions
    private let progress: Progress
    private(set) var report: Report

    /// Prepares a run; nothing is connected yet.
    /// - Parameter isOrderKnown: whether a single publisher fixes the order of events.
    init(_ scenario: String, _ server: ServerOptions, _ load: LoadOptions, isOrderKnown: Bool = true) throws {
        System.ignoreBrokenPipes()
        let files = System.raiseOpenFileLimit()
        guard load.streams + 200 < files else {
            throw ValidationError("\(load.streams) streams need more files than this process may open, \(files).")
        }
        self.load = load
        meter = server.meter
        session = try Session(isOrderKnown: isOrderKnown)
        pool = StreamPool(
            count: load.streams, of: try server.streamTarget(count: load.streams, addresses: load.addresses),
            window: load.connecting, session: session)
        report = Report(scenario: scenario, label: load.label)
        report.add("streams", Double(load.streams), "")
        progress = Progress(on: session.loop)
        progress.show = { [session, pool] in
            "\(scenario): \(pool.openCount) streams, \(session.ledger.publishedCount) published, "
                + "\(session.deliveries) delivered, \(session.faults.count) faults"
        }
    }

    /// Opens all streams that do not stand.
    func openStreams() throws {
        pool.openAll()
        let isInTime = session.wait(atMost: load.timeout) { [pool] in pool.isSettled }
        if !isInTime { session.faults.note("not opened", "not all streams were opened in time") }
        guard pool.openCount > 0 else {
            throw ScenarioError(sentence: "no stream could be opened: " + (session.faults.sentences.first ?? ""))
        }
    }

    /// A publisher whose connections stand.
    func publisher(_ server: ServerOptions, connections: Int) throws -> Publisher {
        let publisher = try Publisher(
            try server.publication(), to: try server.publishEndpoint(), connections: connections, session: session)
        guard session.wait(atMost: load.timeout, until: { publisher.isIdle }) else {
            throw ScenarioError(sentence: "the publisher could not connect")
        }
        return publisher
    }

    /// Waits until everything was answered and shown to every stream.
    func settle(_ publisher: Publisher) {
        session.wait(atMost: load.timeout) { [pool] in publisher.isDone && pool.isCaughtUp }
    }

    /// Adds a figure to the report.
    func add(_ name: String, _ value: Double, _ unit: String) {
        report.add(name, value, unit)
    }

    /// What the server's processes used between two moments, as a share of one core.
    func addLoad(cpu: Int64, seconds: Double) {
        guard !meter.processes.isEmpty else { return }
        add("server_cpu", Double(cpu) / seconds / 1e7, "%")
    }

    /// Latencies and deliveries of the session.
    func addDeliveries() {
        add("deliveries", Double(session.deliveries), "")
        if session.deliveries > 0 {
            add("bytes_per_delivery", Double(session.deliveredBytes) / Double(session.deliveries), "B")
        }
        guard session.latencies.totalCount > 0 else { return }
        for (name, percentile) in [("p50", 50), ("p90", 90), ("p99", 99), ("p99_9", 99.9)] as [(String, Double)] {
            add("latency_\(name)", Double(session.latencies.valueAtPercentile(percentile)) / 1000, "ms")
        }
        add("latency_max", Double(session.latencies.max) / 1000, "ms")
    }

    /// Ends the run: prints the report, and fails if the server did anything wrong.
    func finish() throws {
        pool.noteMissing()
        progress.clear()
        pool.closeAll()
        report.faults = session.faults
        print(load.json ? report.json : report.table)
        if session.faults.count > 0 {
            StandardError.write(report.faultList)
            throw ExitCode(1)
        }
    }
}

/// Why a scenario could not be run at all.
struct ScenarioError: Error, CustomStringConvertible {
    /// What went wrong.
    let sentence: String

    var description: String { sentence }
}
