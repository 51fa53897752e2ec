internal import API
internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor
internal import Wire

/// The doors of one loop: one for the addresses without TLS, one for those with TLS, and one for metrics, if there are
/// such addresses.
struct Doors {
    private var plain: Door?
    private var secure: Door?
    private var metrics: Door?

    /// Accepts connections on this address. `make` makes the door for the first address of its kind.
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

    /// Stops accepting. New connections stay in the listeners' queues.
    func stopAccepting() {
        plain?.accept(false)
        secure?.accept(false)
        metrics?.accept(false)
    }

    /// Refuses the largest unfinished requests, because all of them together use too much memory.
    func relieve() {
        plain?.relieve()
        secure?.relieve()
    }

    /// True while any door is receiving or answering a request.
    var haveRequestsUnderWay: Bool {
        [plain, secure, metrics].contains { $0?.hasRequestsUnderWay == true }
    }
}

extension Door {
    /// A door with the relay's limits and callbacks.
    /// - Parameters:
    ///   - relieve: called on any thread; makes the loop call ``Doors/relieve()``.
    ///   - isWebhook: whether a target is the webhook path of a source, so that its body may be large.
    convenience init(
        on loop: Loop, context: RelayContext, tls: TLSTermination?, relieve: @escaping @Sendable () -> Void,
        isWebhook: @escaping ([UInt8]) -> Bool, handler: @escaping (Exchange) -> Void
    ) throws {
        let limits = DoorLimits(
            headerBytes: Limits.requestHeaderBytes, nameBytes: Limits.segmentBytes, bodyBytes: Limits.webhookBodyBytes,
            smallBodyBytes: Limits.otherBodyBytes, droppedBodyBytes: Limits.droppedBodyBytes,
            requestSeconds: Limits.requestSeconds, idleSeconds: Limits.keepAliveSeconds,
            handshakeSeconds: Limits.handshakeSeconds)
        let requests = context.shared.requests
        try self.init(
            on: loop, limits: limits, shared: context.doors, wake: relieve, tls: tls,
            refused: { context.wasRefused($0) },
            answered: { requests.answered($0, $1) },
            clientAddress: { context.clientAddress(peer: $0, headers: $1) },
            handler: handler)
        handshakeHasEnded = { context.count($0) }
        headersOfRefusals = { CrossOrigin(rules: context.shared.rules).headers($0) }
        acceptHasFailed = { context.acceptHasFailed($0) }
        takesLargeBody = isWebhook
        countedAs = { peer in
            context.shared.rules.proxies.trusts(peer: peer) ? nil : NetworkAddress.countedAs(peer)
        }
    }
}
