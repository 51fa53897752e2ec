internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import Platform
internal import Wire

/// A stream for diagnosis, which sends no events; see ``DiagnosticPlan``.
final class DiagnosticStream: StreamSocketOwner {
    private let socket: StreamSocket
    private let plan: DiagnosticPlan
    /// The identity that opened it.
    let identity: Identity
    /// Its entry in the administrator's list.
    let entry: StreamEntry
    private let isStillWelcome: () -> Bool
    private let ended: (DiagnosticStream) -> Void
    private var timer: LoopTimer?
    private var sequence = 0
    private var unsent: [UInt8] = []
    private var isLast = false
    private let isChunked: Bool
    private var isOver = false

    /// A stream that begins with `opening`, and calls `ended` once, at its end.
    /// - Parameters:
    ///   - isChunked: whether the head in `opening` announces chunks.
    ///   - isStillWelcome: asked before each frame; the stream ends if it returns false.
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

    /// Writes the opening. Call this once the stream is stored, since it may end at once.
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

    /// Closes the connection. Does nothing the second time. Its owner may release it in `ended`.
    func end(isBroken: Bool = false) {
        guard !isOver else { return }
        // The timer's callback may be the caller.
        timer?.cancel()
        isOver = true
        // If bytes are unsent, the last chunk is left out, so that the client sees that the stream is incomplete.
        if isChunked && !isBroken && !isLast && unsent.isEmpty { _ = Chunk.last.withUnsafeBytes(socket.write) }
        socket.close()
        ended(self)
    }
}
