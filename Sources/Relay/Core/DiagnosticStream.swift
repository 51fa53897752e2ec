internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor

/// A stream of marked frames that has nothing to do with the log; see ``DiagnosticPlan``.
final class DiagnosticStream: StreamSocketOwner {
    private let socket: StreamSocket
    private let plan: DiagnosticPlan
    private let isStillWelcome: () -> Bool
    private let ended: (DiagnosticStream) -> Void
    private var timer: LoopTimer?
    private var sequence = 0
    private var unsent: [UInt8] = []
    private var isLast = false
    private var isOver = false

    /// Begins with `opening`; calls `ended` once, when the stream is over.
    /// - Parameter isStillWelcome: asked before each frame; the stream is over where it says no.
    init(
        _ socket: StreamSocket, plan: DiagnosticPlan, opening: [UInt8], on loop: Loop,
        isStillWelcome: @escaping () -> Bool, ended: @escaping (DiagnosticStream) -> Void
    ) {
        self.socket = socket
        self.plan = plan
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
        let now = System.wallMilliseconds()
        if sequence <= plan.frames + 1 {
            unsent += plan.frame(sequence, now: now)
            let isQuiet = sequence > plan.frames
            timer?.set(afterMilliseconds: Int64(isQuiet ? plan.quietMilliseconds : plan.intervalMilliseconds))
        } else {
            unsent += plan.ending(now: now)
            isLast = true
        }
        flush()
    }

    private func flush() {
        while !unsent.isEmpty {
            switch unsent.withUnsafeBytes(socket.write) {
            case .wrote(let count): unsent.removeFirst(count)
            case .wouldBlock: return socket.waitForRoom()
            case .closed: return end()
            }
        }
        if isLast { end() }
    }

    func socketIsWritable(_ socket: StreamSocket) { flush() }

    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End) { end() }

    /// Closes the connection. Does nothing the second time. Its owner may let go of it then.
    func end() {
        guard !isOver else { return }
        // The timer may be what called.
        timer?.cancel()
        isOver = true
        socket.close()
        ended(self)
    }
}

extension Worker {
    /// `GET /api/diag/stream`: for anybody with a token, whatever it covers: the frames say nothing of any room.
    func diagnose(_ exchange: Exchange, _ check: AccessCheck, now: EpochMilliseconds) {
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
        let user = identity.user
        let address = request.remoteAddress
        let refusal: StreamRefusal? =
            context.isDraining.withLock { $0 } ? .draining : admit(user: user, address: address, now: now)
        if let refusal {
            context.metrics.count(.streamsRefused, "reason", refusal.reason)
            return reply(exchange, refusal.problem.response, check)
        }
        let opening =
            StreamHead.bytes(.sse, check.corsHeaders(request)) + plan.opening(request, now: now)
        guard let socket = exchange.takeOver() else {
            return context.release(user: user, address: address)
        }
        context.requests.opened(exchange, stream: nil)
        let diagnostic = DiagnosticStream(
            socket, plan: plan, opening: opening, on: loop,
            isStillWelcome: { [context] in context.isValid(identity, now: System.wallMilliseconds()) }
        ) { [unowned self] in
            diagnostics[ObjectIdentifier($0)] = nil
            context.release(user: user, address: address)
        }
        diagnostics[ObjectIdentifier(diagnostic)] = diagnostic
        diagnostic.start()
    }
}
