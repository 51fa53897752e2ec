internal import ArgumentParser
internal import EventLoop
internal import Foundation
internal import Histogram
internal import Platform

/// A run of one scenario: streams are opened, something is done to them, and a report is made.
final class Run {
    /// Files that are not streams: libevent's, publishers' connections, what is read of the server.
    private static let filesBesideStreams = 600

    let place: Workplace
    let fleet: Fleet
    let meter: ProcessMeter
    let sampler: Sampler
    /// How long to wait for anything.
    let timeout: Double
    /// What came of the streams; there after ``collect()``.
    private(set) var result = FleetResult([])
    private(set) var publisher: Publisher?
    private let server: ServerOptions
    private let load: LoadOptions
    /// How many connections publish.
    let lanes: Int
    private let epoch = SteadyClock.nanoseconds()
    private let number = UInt32.random(in: 0...UInt32.max)
    private let progress: Progress
    private var faults = Faults()
    private var report: Report

    /// Prepares a run; nothing is connected yet.
    /// - Parameters:
    ///   - lanes: how many connections publish; with several, only the server knows the order of their events.
    ///   - stalling: how many of the first streams will stall.
    init(
        _ scenario: String, _ server: ServerOptions, _ load: LoadOptions, audience: Audience? = nil, lanes: Int = 1,
        stalling: Int = 0, connecting: Int = 64
    ) throws {
        RecordBuffers.keep()
        System.ignoreBrokenPipes()
        let files = System.raiseOpenFileLimit()
        guard load.streams > 0 || scenario.hasPrefix("ingest") else {
            throw ValidationError("--streams should be more than 0.")
        }
        let audience = audience ?? Audience(streams: load.streams)
        self.server = server
        self.load = load
        self.lanes = lanes
        timeout = load.timeout
        meter = server.meter
        let loop = try Loop()
        place = try Workplace(loop)
        let setup = ShardSetup(
            run: number, epochNanoseconds: epoch, first: 0, end: audience.streams, audience: audience, lanes: lanes,
            target: try server.streamTarget(addresses: load.addresses, hasRooms: audience.rooms > 1),
            connecting: load.connecting ?? connecting, stalling: stalling)
        fleet = try Fleet(
            setup, perProcess: load.streamsPerProcess ?? max(1, files - Self.filesBesideStreams), at: place)
        sampler = Sampler(meter, epoch: epoch, on: loop)
        // Who measures both kinds of handshakes sees them in rows of their own.
        let suffix = server.tls.noResumption ? ", no resumption" : ""
        report = Report(scenario: scenario + suffix, label: load.label)
        report.add("streams", Double(audience.streams), "")
        if fleet.processCount > 1 { report.add("processes", Double(fleet.processCount), "") }
        progress = Progress(on: loop)
        progress.show = { [weak self] in self?.line(scenario) ?? "" }
    }

    private func line(_ scenario: String) -> String {
        let status = fleet.status
        let seconds = Double(SteadyClock.nanoseconds() - epoch) / 1e9
        return ProgressLine(
            scenario: scenario, seconds: seconds, open: status.open, streams: fleet.audience.streams,
            published: publisher?.publishedCount ?? 0, deliveries: status.deliveries, drops: status.drops,
            faults: status.faults + faults.count + (publisher?.faults.count ?? 0)
        ).text
    }

    /// The loop on which everything happens.
    var loop: Loop { place.loop }

    /// Runs the loop until `isDone`, looked at every few milliseconds, or until `seconds` have passed.
    /// - Returns: whether it was done in time.
    @discardableResult
    func wait(atMost seconds: Double, until isDone: @escaping () -> Bool) -> Bool {
        let deadline = SteadyClock.nanoseconds() + Int64(seconds * 1e9)
        var isInTime = isDone()
        guard !isInTime else { return true }
        var timer: LoopTimer?
        timer = LoopTimer(on: loop) { [loop, fleet] in
            isInTime = isDone()
            if isInTime || fleet.isLost || SteadyClock.nanoseconds() >= deadline { return loop.stop() }
            timer?.set(afterMilliseconds: 2)
        }
        timer?.set(afterMilliseconds: 2)
        loop.run()
        timer = nil
        return isInTime
    }

    /// Lets time pass.
    func pause(seconds: Double) {
        wait(atMost: seconds) { false }
    }

    /// Opens all streams that do not stand.
    func openStreams() throws {
        fleet.carryOut(.open)
        let isInTime = waitForStreams()
        let status = fleet.status
        if !isInTime {
            let late = fleet.audience.streams - status.open - status.refused
            faults.note(.notOpened, count: max(1, late), "\(late) streams were not opened within \(timeout) s")
        }
        if status.open == 0, fleet.audience.streams > 0 {
            collect()
            throw ScenarioError(sentence: "no stream could be opened: " + (result.faults.sentences.first ?? ""))
        }
    }

    /// Waits until all streams that are on their way stand, or were refused.
    @discardableResult
    func waitForStreams() -> Bool {
        wait(atMost: timeout) { [fleet] in fleet.status.isSettled }
    }

    /// Connects what publishes.
    func connectPublisher() throws -> Publisher {
        let route = try server.publishRoute()
        let publisher = try Publisher(
            try server.publication(to: route.endpoint, Marker(run: number)), over: route, rooms: fleet.audience.rooms,
            connections: lanes, at: place)
        self.publisher = publisher
        guard wait(atMost: timeout, until: { publisher.isIdle }), publisher.isAlive else {
            throw ScenarioError(
                sentence: "the publisher could not connect: " + (publisher.faults.sentences.first ?? "no answer"))
        }
        return publisher
    }

    /// Whether every stream was shown all that was published.
    var isCaughtUp: Bool {
        guard let publisher else { return true }
        var due = 0
        for (channel, count) in publisher.published.enumerated() where count > 0 {
            due += count * members[channel / lanes]
        }
        return fleet.status.accounted >= due
    }
    private lazy var members = fleet.audience.members

    /// Waits until everything was answered and shown to every stream.
    func settle() {
        wait(atMost: timeout) { [self] in
            guard let publisher else { return true }
            if isCaughtUp, publisher.isDone { return true }
            guard fleet.status.refused > 0 || !publisher.isAlive else { return false }
            // Those who are not there will not catch up: the others have, when nothing comes any more.
            return SteadyClock.nanoseconds() - fleet.status.progressNanoseconds > 2_000_000_000
        }
    }

    /// Lets the streams say what they saw, and closes them.
    func collect() {
        fleet.finish(published: publisher?.published ?? [Int](repeating: 0, count: fleet.audience.rooms * lanes))
        wait(atMost: max(10, timeout)) { [fleet] in fleet.results.count == fleet.processCount }
        result = FleetResult(fleet.results)
        sampler.stop()
    }

    /// How late this program was itself while it measured: in this process, and in those that hold its streams.
    private func addLateness() {
        var lateness = result.lateness
        // A single process has told with its streams.
        if fleet.processCount > 1 { Counts(place.stalls.lateness.microseconds).add(to: &lateness) }
        guard lateness.totalCount > 0 else { return }
        report.add("tester_late_p99", Double(lateness.valueAtPercentile(99)) / 1000, "ms")
        report.add("tester_late_p99_9", Double(lateness.valueAtPercentile(99.9)) / 1000, "ms")
        report.add("tester_late_max", Double(lateness.max) / 1000, "ms")
    }

    /// How the streams' connections with TLS began.
    private func addHandshakes() {
        guard result.fullHandshakes + result.resumedHandshakes > 0 else { return }
        report.add("full_handshakes", Double(result.fullHandshakes), "")
        report.add("resumed_handshakes", Double(result.resumedHandshakes), "")
    }

    /// Ends the run: prints the report, and fails if the server did anything wrong.
    func finish() throws {
        progress.clear()
        guard fleet.results.count == fleet.processCount else {
            throw ScenarioError(sentence: "a process that holds streams has ended")
        }
        addHandshakes()
        addLateness()
        report.faults = result.faults
        report.faults.add(faults)
        if let publisher { report.faults.add(publisher.faults) }
        print(load.json ? report.json : report.table)
        if let file = load.svg { try draw(file) }
        if report.faults.count > 0 {
            StandardError.write(report.faultList)
            throw ExitCode(1)
        }
    }

    private func draw(_ file: String) throws {
        let picture = Picture(
            report: report, latencies: result.latencies, answers: publisher?.answers, timeline: result.timeline,
            samples: sampler.samples)
        guard FileManager.default.createFile(atPath: file, contents: Data(picture.svg.utf8)) else {
            throw ScenarioError(sentence: "\(file) cannot be written")
        }
    }
}

// What goes into the report.
extension Run {
    /// Adds a figure.
    func add(_ name: String, _ value: Double, _ unit: String) {
        report.add(name, value, unit)
    }

    /// What the server's processes used for each of `count`, if they are known.
    func addCPU(_ name: String, _ nanoseconds: Int64, per count: Int) {
        guard !meter.processes.isEmpty, count > 0 else { return }
        add(name, Double(nanoseconds) / Double(count) / 1000, "us")
    }

    /// What the server's processes used in a time, as a share of one core.
    func addLoad(cpu: Int64, seconds: Double) {
        guard !meter.processes.isEmpty, seconds > 0 else { return }
        add("server_cpu", Double(cpu) / seconds / 1e7, "%")
    }

    /// What the streams were shown, and how late.
    func addDeliveries() {
        add("deliveries", Double(result.deliveries), "")
        if result.deliveries > 0 {
            add("bytes_per_delivery", Double(result.deliveredBytes) / Double(result.deliveries), "B")
        }
        if result.drops > 0 { add("streams_cut", Double(result.drops), "") }
        addPercentiles("latency", result.latencies)
    }

    /// How long answers to what was published took.
    func addAnswers() {
        if let publisher { addPercentiles("answer", publisher.answers) }
    }

    private func addPercentiles(_ name: String, _ histogram: Histogram<UInt64>) {
        guard histogram.totalCount > 0 else { return }
        for (suffix, percentile) in [("p50", 50), ("p90", 90), ("p99", 99), ("p99_9", 99.9)] as [(String, Double)] {
            add("\(name)_\(suffix)", Double(histogram.valueAtPercentile(percentile)) / 1000, "ms")
        }
        add("\(name)_max", Double(histogram.max) / 1000, "ms")
    }
}

/// Why a scenario could not be run at all.
struct ScenarioError: Error, CustomStringConvertible {
    /// What went wrong.
    let sentence: String

    var description: String { sentence }
}
