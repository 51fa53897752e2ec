internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Platform
internal import Telemetry

/// A stream of marked frames that has nothing to do with the log; see ``DiagnosticPlan``.
final class DiagnosticStream: StreamSocketOwner {
    private let socket: StreamSocket
    private let plan: DiagnosticPlan
    /// Whose it is.
    let identity: Identity
    /// How it is listed.
    let entry: StreamEntry
    private let isStillWelcome: () -> Bool
    private let ended: (DiagnosticStream) -> Void
    private var timer: LoopTimer?
    private var sequence = 0
    private var unsent: [UInt8] = []
    private var isLast = false
    private let isChunked: Bool
    private var isOver = false

    /// Begins with `opening`; calls `ended` once, when the stream is over.
    /// - Parameters:
    ///   - isChunked: whether the opening's head has said that chunks follow.
    ///   - isStillWelcome: asked before each frame; the stream is over where it says no.
    init(
        _ socket: StreamSocket, plan: DiagnosticPlan, opening: [UInt8], isChunked: Bool, of identity: Identity,
        entry: StreamEntry, on loop: Loop,
        isStillWelcome: @escaping () -> Bool, ended: @escaping (DiagnosticStream) -> Void
    ) {
        self.socket = socket
        self.plan = plan
        self.isChunked = isChunked
        self.identity = identity
        self.entry = entry
        self.isStillWelcome = isStillWelcome
        self.ended = ended
        socket.owner = self
        timer = LoopTimer(on: loop) { [unowned self] in sendNext() }
        unsent = opening
        timer?.set(afterMilliseconds: Int64(plan.intervalMilliseconds))
    }

    deinit {
        socket.owner = nil
    }

    /// Writes what comes first, once whoever made the stream keeps it.
    func start() { flush() }

    private func sendNext() {
        guard isStillWelcome() else { return end() }
        sequence += 1
        let now = WallClock.now()
        if sequence <= plan.frames + 1 {
            add(plan.frame(sequence, now: now))
            let isQuiet = sequence > plan.frames
            timer?.set(afterMilliseconds: Int64(isQuiet ? plan.quietMilliseconds : plan.intervalMilliseconds))
        } else {
            add(plan.ending(now: now))
            isLast = true
            if isChunked { unsent += Chunk.last }
        }
        flush()
    }

    private func add(_ frame: [UInt8]) { unsent += isChunked ? Chunk.around(frame) : frame }

    private func flush() {
        while !unsent.isEmpty {
            switch unsent.withUnsafeBytes(socket.write) {
            case .wrote(let count): unsent.removeFirst(count)
            case .wouldBlock: return socket.waitForRoom()
            case .closed: return end(isBroken: true)
            }
        }
        if isLast { end() }
    }

    func socketIsWritable(_ socket: StreamSocket) { flush() }

    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End) { end(isBroken: true) }

    /// Closes the connection. Does nothing the second time. Its owner may let go of it then.
    func end(isBroken: Bool = false) {
        guard !isOver else { return }
        // The timer may be what called.
        timer?.cancel()
        isOver = true
        // What is unsent can no longer be sent, and then the client may know that the stream broke.
        if isChunked && !isBroken && !isLast && unsent.isEmpty { _ = Chunk.last.withUnsafeBytes(socket.write) }
        socket.close()
        ended(self)
    }
}

extension Worker {
    /// `GET /api/diag/stream`: for anybody with a token, whatever it covers: the frames say nothing of any room.
    func diagnose(_ exchange: Exchange, _ check: AccessCheck, now: WallTime) {
        let request = exchange.request
        guard request.method == "GET" || request.method == "HEAD" else {
            return reply(exchange, Problem.method(request.method, allowed: "GET, HEAD").response, check)
        }
        let identity: Identity
        let plan: DiagnosticPlan
        do {
            identity = try check.identity(request, now: now)
            plan = try DiagnosticPlan(
                request.query, heartbeatMilliseconds: context.settings.streams.heartbeatMilliseconds)
        } catch let refusal as AccessRefusal {
            return reply(exchange, check.problem(refusal, for: request).response, check)
        } catch {
            let sentence = (error as? StreamQuery.Mistake)?.sentence ?? "The query cannot be read."
            return reply(exchange, Problem(400, "bad_query", sentence).response, check)
        }
        if request.method == "HEAD" { return reply(exchange, StreamHead.alone(.sse), check) }
        let principal = identity.principal
        let address = request.remoteAddress
        let refusal: StreamRefusal? =
            context.isDraining.withLock { $0 } ? .draining : admit(principal, address: address, now: now)
        if let refusal {
            context.metrics.count(refusal.reason)
            return reply(exchange, refusal.problem.response, check)
        }
        let isChunked = !request.isHTTP10
        let frame = plan.opening(request, now: now)
        let opening =
            StreamHead.bytes(.sse, isChunked: isChunked, check.corsHeaders(request))
            + (isChunked ? Chunk.around(frame) : frame)
        guard let socket = exchange.takeOver() else {
            return context.release(principal, address: address)
        }
        context.requests.opened(LoggedRequest(exchange), stream: nil)
        let entry = StreamEntry(diagnostic: hub.takeStreamID(), of: identity, address: address, openedAt: now)
        let diagnostic = DiagnosticStream(
            socket, plan: plan, opening: opening, isChunked: isChunked, of: identity, entry: entry, on: loop,
            isStillWelcome: { [context] in context.isValid(identity, now: WallClock.now()) }
        ) { [unowned self] in
            diagnostics[ObjectIdentifier($0)] = nil
            context.release(principal, address: address)
        }
        diagnostics[ObjectIdentifier(diagnostic)] = diagnostic
        diagnostic.start()
    }
}
