internal import Access
internal import Events
internal import Journal
internal import Platform
internal import Wire

/// The requests of one loop whose answers are put together from the replies of other threads: loops, the journal's
/// writer, the thread of the revocations.
final class Gatherings {
    private struct Gathering {
        let request: Request
        let finish: ([StreamAnswer], Bool) -> Inquiry.Outcome
        /// When the request is answered with the replies that have arrived.
        let deadline: SteadyTime
        /// Replies that have not arrived.
        var missing: Int
        var parts: [StreamAnswer] = []
    }

    private let shared: SharedState
    private let writer: JournalWriter
    private let port: any LoopPort
    /// The ports of all loops, in the loops' order, this one's among them.
    private let loops: [any LoopPort]
    private var gatherings: [UInt64: Gathering] = [:]
    private var nextID: UInt64 = 1

    init(shared: SharedState, writer: JournalWriter, port: any LoopPort, loops: [any LoopPort]) {
        self.shared = shared
        self.writer = writer
        self.port = port
        self.loops = loops
    }

    /// True if no request waits for replies.
    var isEmpty: Bool { gatherings.isEmpty }

    /// Releases all requests, because the loop has ended.
    func removeAll() { gatherings.removeAll() }

    /// Asks the other threads. The request is answered when all have replied, or at its deadline.
    func begin(_ inquiry: Inquiry, for request: Request) {
        let asked = inquiry.question.map { loops(for: $0.loops) } ?? []
        let id = nextID
        nextID += 1
        gatherings[id] = Gathering(
            request: request, finish: inquiry.finish,
            deadline: SteadyTime.now() + inquiry.waitMilliseconds,
            missing: asked.count + (inquiry.revocations == nil ? 0 : 1) + (inquiry.append == nil ? 0 : 1)
                + (inquiry.member == nil ? 0 : 1))
        if let (question, _) = inquiry.question {
            // A loop that has ended reads no messages, and has no streams.
            for loop in asked where !loop.post(.question(question, from: port, request: id)) {
                add(.streams([]), to: id)
            }
        }
        if let work = inquiry.revocations { begin(work, id, now: request.now) }
        if let (draft, done) = inquiry.append { append(draft, done, id, request) }
        if let change = inquiry.member { begin(change, id, request) }
        if gatherings[id]?.missing == 0 { finish(id, isComplete: true) }
    }

    private func begin(
        _ change: (@escaping @Sendable (MemberAnswer) -> Void) throws(MemberRefusal) -> Void, _ id: UInt64,
        _ request: Request
    ) {
        do throws(MemberRefusal) {
            try change { [port] in port.post(.answer(.member($0), request: id)) }
        } catch {
            gatherings[id] = nil
            request.refuse(PresenceRefusal(error, request.rules.members))
        }
    }

    /// Stream ids are given round robin: the first loop has 1, the second 2, and so on.
    private func loops(for loops: Inquiry.Loops) -> [any LoopPort] {
        switch loops {
        case .all: self.loops
        case .owner(let stream): stream > 0 ? [self.loops[Int((stream - 1) % UInt64(self.loops.count))]] : []
        }
    }

    private func begin(_ work: Inquiry.Revoked, _ id: UInt64, now: WallTime) {
        let port = port
        switch work {
        case .save: shared.revocations.save { port.post(.answer(.kept(problem: $0), request: id)) }
        case .list: shared.revocations.list(now: now) { port.post(.answer(.revocations($0), request: id)) }
        }
    }

    private func append(
        _ draft: Draft, _ done: @escaping @Sendable (AppendOutcome) -> Void, _ id: UInt64, _ request: Request
    ) {
        let isTaken = writer.submit(draft) { [port] outcome in
            done(outcome)
            port.post(.answer(.appended(outcome), request: id))
        }
        guard !isTaken else { return }
        gatherings[id] = nil
        request.reply(Problem.overloaded.response)
    }

    /// Adds a reply.
    func add(_ part: StreamAnswer, to id: UInt64) {
        guard var gathering = gatherings[id] else { return }
        gathering.parts.append(part)
        gathering.missing -= 1
        gatherings[id] = gathering
        if gathering.missing == 0 { finish(id, isComplete: true) }
    }

    /// Answers the requests whose deadline has passed, with the replies that have arrived.
    func endThoseThatAreLate(now: SteadyTime) {
        for (id, gathering) in gatherings where now >= gathering.deadline { finish(id, isComplete: false) }
    }

    private func finish(_ id: UInt64, isComplete: Bool) {
        guard let gathering = gatherings.removeValue(forKey: id) else { return }
        switch gathering.finish(gathering.parts, isComplete) {
        case .answer(let response): gathering.request.reply(response)
        case .refuse(let error): gathering.request.refuse(error)
        }
    }
}
