internal import EventLoop
internal import Events
internal import Platform
internal import Settings
internal import Wire

/// An address to listen on. If its port is 0, the first loop that binds it sets the port for the others.
struct ListenPlan: Sendable {
    /// The listening socket from the service manager; nil if the relay opens it.
    let inherited: InheritedSocket?
    let host: String
    let port: UInt16
    let isSecure: Bool
    /// True for the address of metrics and readiness.
    let isForMetrics: Bool
    let text: String

    init(_ address: ListenAddress, isForMetrics: Bool = false) throws {
        self.isForMetrics = isForMetrics
        host = address.host == "localhost" ? "127.0.0.1" : address.host
        port = UInt16(clamping: address.port)
        isSecure = address.isSecure
        text = address.description
        inherited = nil
        // Loops share a port by SO_REUSEPORT, which would let a second relay of the same user share it too.
        try Listener.checkIsFree(host: host, port: port)
    }

    /// A socket from the service manager. Its name there says whether it uses TLS.
    init(_ socket: InheritedSocket) {
        self.init(
            host: String(socket.address.prefix(upTo: socket.address.lastIndex(of: ":") ?? socket.address.endIndex)),
            isSecure: Self.isSecure(socket), boundTo: socket.address, inherited: socket)
    }

    static func isSecure(_ socket: InheritedSocket) -> Bool { socket.name == "https" }

    private init(
        host: String, isSecure: Bool, isForMetrics: Bool = false, boundTo text: String, inherited: InheritedSocket?
    ) {
        self.host = host
        self.isForMetrics = isForMetrics
        self.isSecure = isSecure
        self.text = isSecure ? "https://\(text)" : text
        self.inherited = inherited
        port = text.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
    }

    fileprivate func bind(on loop: Loop) throws -> (listener: Listener, plan: ListenPlan) {
        if let inherited { return (try Listener(inherited, on: loop), self) }
        let listener = try Listener(host: host, port: port, on: loop)
        return (
            listener,
            ListenPlan(
                host: host, isSecure: isSecure, isForMetrics: isForMetrics, boundTo: listener.address, inherited: nil)
        )
    }
}

extension Settings {
    /// The settings with the addresses that the relay listens on: those of the sockets from the service manager, if
    /// there are any.
    func listening(on sockets: [InheritedSocket]) -> Settings {
        let plans = sockets.map { ListenPlan($0) }
        let addresses = plans.compactMap { try? ListenAddress($0.text) }
        guard !sockets.isEmpty, addresses.count == plans.count else { return self }
        var settings = self
        settings.listen = addresses
        settings.origins["listen"] = .environment("LISTEN_FDS")
        return settings
    }
}

/// The thread of one loop, from its start to its end.
enum RelayLoopThread {
    /// Starts a loop and waits until it listens.
    /// - Returns: the addresses with their real ports, for the next loop.
    static func start(_ plan: LoopPlan, listen: [ListenPlan], ends: LoopEnds) async throws -> [ListenPlan] {
        try await withCheckedThrowingContinuation { started in
            do {
                try NamedThread.start(name: "loop-\(plan.index)") { run(plan, listen, ends, started) }
            } catch {
                started.resume(throwing: error)
            }
        }
    }

    private static func run(
        _ plan: LoopPlan, _ listen: [ListenPlan], _ ends: LoopEnds,
        _ started: CheckedContinuation<[ListenPlan], any Error>
    ) {
        do {
            let loop = try Loop()
            let owner = try RelayLoop(plan, loop: loop)
            let bound = try listen.map { try $0.bind(on: loop) }
            for (listener, plan) in bound { try owner.listen(on: listener, plan) }
            started.resume(returning: bound.map(\.plan))
            loop.run()
            plan.context.health.pulses[plan.index].ended()
            owner.close()
        } catch {
            started.resume(throwing: error)
        }
        ends.loopHasEnded()
    }
}

/// Waits for the end of all loops, and of the relay.
final class LoopEnds: Sendable {
    private struct State {
        var running: Int
        var isFinished = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var waitingForFinish: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Locked<State>

    init(count: Int) {
        state = Locked(State(running: count))
    }

    func loopHasEnded() {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in woken { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.running > 0 { state.waiting.append(continuation) }
                return state.running == 0
            }
            if isOver { continuation.resume() }
        }
    }

    func finish() {
        let woken = state.withLock { state in
            state.isFinished = true
            defer { state.waitingForFinish = [] }
            return state.waitingForFinish
        }
        for continuation in woken { continuation.resume() }
    }

    func waitUntilFinished() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isFinished { state.waitingForFinish.append(continuation) }
                return state.isFinished
            }
            if isOver { continuation.resume() }
        }
    }
}
