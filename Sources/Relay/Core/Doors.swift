internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor
internal import Platform
internal import Telemetry

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

    /// Looks after the largest unfinished requests, of which there is too much in all.
    func relieve() {
        plain?.relieve()
        secure?.relieve()
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
            headerBytes: Limits.requestHeaderBytes, nameBytes: Limits.segmentBytes, bodyBytes: Limits.webhookBodyBytes,
            smallBodyBytes: Limits.otherBodyBytes, droppedBodyBytes: Limits.droppedBodyBytes,
            requestSeconds: Limits.requestSeconds, idleSeconds: Limits.keepAliveSeconds,
            handshakeSeconds: Limits.handshakeSeconds)
        let requests = context.requests
        let mailbox = mailbox
        let door = try Door(
            on: loop, limits: limits, shared: context.doors, wake: { mailbox.post(.relieve) }, tls: tls,
            refused: { [unowned self] in refused($0) },
            answered: { requests.answered($0, $1) },
            clientAddress: { [unowned self] peer, headers in
                let proxies = context.rules.proxies
                if let header = proxies.ignoredHeader(peer: peer, headers: headers) {
                    context.forwardingNotice.saw(header, from: peer, now: WallClock.now())
                }
                return proxies.client(peer: peer, headers: headers)
            },
            handler: turn { [unowned self] in route(self, $0) })
        door.handshakeHasEnded = { [context] in context.count($0) }
        door.headersOfRefusals = { [context] in CrossOrigin(rules: context.rules).headers($0) }
        door.acceptHasFailed = { [context] in context.acceptHasFailed($0) }
        door.takesLargeBody = { [unowned self] in isWebhook(target: $0) }
        door.countedAs = { [context] peer in
            context.rules.proxies.trusts(peer: peer) ? nil : NetworkAddress.countedAs(peer)
        }
        return door
    }

    /// Whether webhooks of a source come to this target.
    private func isWebhook(target: [UInt8]) -> Bool {
        guard let request = HTTPRequest(target: target, nameBytes: Limits.segmentBytes),
            let path = apiPath(request)
        else { return false }
        return path.count == 2 && path[0] == "webhooks" && context.rules.sources[path[1]] != nil
    }

    private func refused(_ refusal: DoorRefusal) {
        context.metrics.countRefused(status: refusal.status)
        context.requestLog.warning(
            "refused a request: \(refusal.status): \(refusal.problem)", now: WallClock.now())
    }
}
