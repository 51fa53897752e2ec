internal import Events
internal import FrontDoor
internal import Journal
internal import Platform
internal import Telemetry
internal import Wire

/// What the clients of one loop publish: events that wait until they are committed, and ephemeral ones, which go to all
/// loops at once.
final class Publications {
    private let shared: SharedState
    private let writer: JournalWriter
    private let port: any LoopPort
    /// The ways into all loops, this one's among them.
    private let loops: [any LoopPort]
    private var pending: [UInt64: Request] = [:]
    private var nextID: UInt64 = 1

    init(shared: SharedState, writer: JournalWriter, port: any LoopPort, loops: [any LoopPort]) {
        self.shared = shared
        self.writer = writer
        self.port = port
        self.loops = loops
    }

    /// True if no request waits.
    var isEmpty: Bool { pending.isEmpty }

    /// Lets go of all requests; the loop has ended.
    func removeAll() { pending.removeAll() }

    // MARK: Events of the journal

    /// Appends an event, and answers when it is committed.
    func append(_ draft: Draft, for request: Request) {
        let id = nextID
        nextID += 1
        pending[id] = request
        let isTaken = writer.submit(draft) { [port] outcome, event in
            port.post(.published(request: id, outcome, event))
        }
        guard !isTaken else { return }
        pending[id] = nil
        refuse(request, .overloaded)
    }

    /// The append of an event has come to its end.
    func appended(_ id: UInt64, _ outcome: AppendOutcome, _ event: EventID?) {
        guard let request = pending.removeValue(forKey: id) else { return }
        switch outcome {
        case .committed(let isDuplicate):
            shared.metrics.count(isDuplicate ? PublishOutcome.duplicate : .accepted)
            request.exchange.isRoutine = true
            request.reply(
                .json(isDuplicate ? 200 : 201) { writer in
                    writer.object { $0.member("id", id: event) }
                })
        case .failed(let error):
            shared.publishLog.warning("an event of a client could not be kept: \(error)", now: WallClock.now())
            refuse(request, .journalUnavailable)
        }
    }

    private func refuse(_ request: Request, _ problem: Problem) {
        shared.metrics.count(PublishOutcome.unavailable)
        request.reply(problem.response)
    }

    // MARK: Ephemeral events

    /// Hands an ephemeral event to all loops, and answers. It reaches the streams of a loop in the order of what the
    /// loop is told.
    func broadcast(_ event: EphemeralEvent, for request: Request) {
        guard shared.broadcasts.begin(event, loops: loops.count) else { return refuse(request, .overloaded) }
        // A loop that has ended has no streams.
        for loop in loops where !loop.post(.broadcast(event)) { shared.broadcasts.end(event) }
        shared.metrics.count(PublishOutcome.ephemeral)
        request.exchange.isRoutine = true
        request.reply(.json(202) { writer in writer.object { $0.member("ephemeral", true) } })
    }
}
