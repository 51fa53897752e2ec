internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor

/// The doors of one loop: one for the addresses in the clear and one for those over TLS, as far as there are any.
struct Doors {
    private var plain: Door?
    private var secure: Door?
    private var metrics: Door?

    /// Accepts connections on this address; `make` is asked for the door if it is the first of its kind.
    mutating func listen(on listener: Listener, isSecure: Bool, make: () throws -> Door) throws {
        let door = try (isSecure ? secure : plain) ?? make()
        if isSecure { secure = door } else { plain = door }
        door.listen(on: listener)
    }

    /// Accepts connections on the address of metrics and readiness.
    mutating func listenForMetrics(on listener: Listener, make: () throws -> Door) throws {
        let door = try metrics ?? make()
        metrics = door
        door.listen(on: listener)
    }

    /// Leaves new connections in the listeners' queues.
    func stopAccepting() {
        plain?.accept(false)
        secure?.accept(false)
        metrics?.accept(false)
    }

    /// True while a request is coming in or being answered at any of them.
    var haveRequestsUnderWay: Bool {
        [plain, secure, metrics].contains { $0?.hasRequestsUnderWay == true }
    }
}

extension Worker {
    /// A door whose requests are routed here; over TLS, if the connections are to end it.
    func makeDoor(_ tls: TLSTermination?, route: @escaping (Worker, Exchange) -> Void) throws -> Door {
        let limits = DoorLimits(
            headerBytes: Limits.requestHeaderBytes, bodyBytes: Limits.webhookBodyBytes,
            requestSeconds: Limits.requestSeconds, idleSeconds: Limits.keepAliveSeconds,
            handshakeSeconds: Limits.handshakeSeconds)
        let requests = context.requests
        let door = try Door(
            on: loop, limits: limits, tls: tls, refused: { [unowned self] in refused($0) },
            answered: { requests.answered($0, $1) },
            clientAddress: { [unowned self] peer, headers in
                context.rules.proxies.client(peer: peer, headers: headers)
            },
            handler: turn { [unowned self] in route(self, $0) })
        door.handshakeHasEnded = { [context] in context.count($0) }
        door.headersOfRefusals = { [context] in CrossOrigin(rules: context.rules).headers($0) }
        door.acceptHasFailed = { [context] in context.acceptHasFailed($0) }
        return door
    }

    private func refused(_ refusal: DoorRefusal) {
        context.metrics.countRefused(status: refusal.status)
        context.requestLog.warning(
            "refused a request: \(refusal.status): \(refusal.problem)", now: System.wallMilliseconds())
    }
}
