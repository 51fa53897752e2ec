internal import CLibevent
internal import COpenSSL
public import EventLoop
internal import Glibc
public import Platform
public import Wire

/// The HTTP server of one loop: evhttp behind listeners of its own, with the checks that evhttp leaves out. All its
/// listeners speak TLS, or none: a connection does not know its listener.
public final class Door {
    private let loop: Loop
    private let http: OpaquePointer
    let limits: DoorLimits
    let shared: DoorShared
    private let handler: (Exchange) -> Void
    private let refused: (DoorRefusal) -> Void
    private let answered: (Exchange, Exchange.Answer) -> Void
    private let tls: TLSTermination?
    /// Told of the end of every TLS handshake.
    public var handshakeHasEnded: (TLSReport) -> Void = { _ in }
    /// Told, once a second at most, that connections could not be accepted, and why. Those of their clients wait in the
    /// listener's queue.
    public var acceptHasFailed: (SystemError) -> Void = { _ in }
    /// Headers for the refusal of a request whose target alone is wrong: its page may read why.
    public var headersOfRefusals: (HTTPRequest) -> [(name: String, value: String)] = { _ in [] }
    /// Whether a POST to this target may have a body of ``DoorLimits/bodyBytes``; others have a small one.
    public var takesLargeBody: (_ target: [UInt8]) -> Bool = { _ in true }
    /// Under which address a connection of this peer is counted; nil if under none, as that of a trusted proxy.
    public var countedAs: (_ peer: String) -> WireText? = { WireText($0) }
    private let scratch = TLSStreamSocket.Scratch()
    private let direct = DirectAnswer()
    /// Who stands behind the other end of a connection, by the request's headers.
    private let clientAddress: (_ peer: String, _ headers: [(name: WireText, value: WireText)]) -> String
    private var listeners: [Listener] = []
    /// What is known of each connection that has sent something, by its input buffer.
    private(set) var connections: [OpaquePointer: DoorConnection] = [:]
    /// Connections that evhttp is accepting right now.
    private var newcomers: [DoorConnection] = []
    private var greeting: LoopTimer?
    var load = DoorLoad()
    private var acceptFault: CInt?
    private var sweep: LoopTimer?
    private var accepts = true
    /// Connections being served now, streams not among them.
    public var connectionCount: Int { connections.count }

    /// A door that gives every good request to `handler`, and tells `refused` of every other one, and `answered` of
    /// every answer to a whole request.
    /// - Parameter clientAddress: who stands behind the other end of a connection, which may be a proxy's; unless
    ///   given, the other end is the client.
    /// - Parameter wake: has ``relieve()`` called on the loop's thread; called on any thread.
    public init(
        on loop: Loop, limits: DoorLimits, shared: DoorShared = .none, wake: @escaping @Sendable () -> Void = {},
        tls: TLSTermination? = nil, refused: @escaping (DoorRefusal) -> Void,
        answered: @escaping (Exchange, Exchange.Answer) -> Void = { _, _ in },
        clientAddress: @escaping (_ peer: String, _ headers: [(name: WireText, value: WireText)]) -> String = {
            peer, _ in
            peer
        },
        handler: @escaping (Exchange) -> Void
    ) throws(SystemError) {
        guard let http = evhttp_new(loop.base) else { throw SystemError("make an HTTP server") }
        self.loop = loop
        self.http = http
        self.limits = limits
        self.shared = shared
        self.tls = tls
        self.handler = handler
        self.refused = refused
        self.answered = answered
        self.clientAddress = clientAddress
        evhttp_set_max_headers_size(http, limits.headerBytes)
        evhttp_set_max_body_size(http, limits.bodyBytes)
        evhttp_set_timeout(http, CInt(limits.idleSeconds))
        // A method that no route has is refused before evhttp sees it.
        evhttp_set_allowed_methods(http, 0x1FF)
        let this = Unmanaged.passUnretained(self).toOpaque()
        evhttp_set_gencb(http, requestIsComplete, this)
        evhttp_set_bevcb(http, makeBufferEvent, this)
        acceptingDoors.withLock { $0[http] = this }
        load.share = shared.bodies.join(wake: wake)
        greeting = LoopTimer(on: loop) { [unowned self] in greetNewcomers() }
        sweep = LoopTimer(on: loop) { [unowned self] in closeLateConnections() }
        sweep?.set(afterMilliseconds: 1000)
    }

    deinit {
        evhttp_free(http)
        acceptingDoors.withLock { $0[http] = nil }
        shared.bodies.leave(load.share)
    }

    /// Accepts connections from `listener` as well; the door owns it from now on.
    public func listen(on listener: Listener) {
        evhttp_bind_listener(http, listener.handle)
        evconnlistener_set_error_cb(listener.handle, acceptFailed)
        listeners.append(listener)
    }

    /// Stops or starts accepting new connections.
    public func accept(_ accepts: Bool) {
        self.accepts = accepts
        for listener in listeners {
            if accepts { evconnlistener_enable(listener.handle) } else { evconnlistener_disable(listener.handle) }
        }
    }

    /// True while a request is coming in or being answered, or a connection is so new that its first one may be on
    /// its way.
    public var hasRequestsUnderWay: Bool {
        let now = SteadyTime.now()
        return connections.values.contains { $0.isOwedAnAnswer(now: now) }
    }

    /// evhttp asks for the transport of a connection that it has just accepted.
    fileprivate func makeTransport() -> OpaquePointer? {
        guard let tls else {
            let transport = bufferevent_socket_new(loop.base, -1, CInt(BEV_OPT_CLOSE_ON_FREE.rawValue))
            return keep(transport, handshake: nil)
        }
        guard let ssl = tls.current.makeConnection(),
            let transport = bufferevent_openssl_socket_new(
                loop.base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, CInt(BEV_OPT_CLOSE_ON_FREE.rawValue))
        else { return Self.uselessTransport(loop) }
        return keep(transport, handshake: TLSHandshake(ssl, door: self))
    }

    private func keep(_ transport: OpaquePointer?, handshake: TLSHandshake?) -> OpaquePointer? {
        guard let transport, let input = bufferevent_get_input(transport) else { return nil }
        let connection = DoorConnection(transport: transport, input: input, handshake: handshake, door: self)
        connections[input] = connection
        newcomers.append(connection)
        // After evhttp has taken it, and before anything can come on it.
        greeting?.fireThisTurn()
        return transport
    }

    private func greetNewcomers() {
        let greeted = newcomers
        newcomers.removeAll(keepingCapacity: true)
        for connection in greeted where connections[connection.input] === connection { greet(connection) }
    }

    /// A transport that takes no socket, so that evhttp closes the connection. Without any it would make one of its
    /// own, which speaks no TLS.
    private static func uselessTransport(_ loop: Loop) -> OpaquePointer? {
        var pair: [OpaquePointer?] = [nil, nil]
        guard bufferevent_pair_new(loop.base, 0, &pair) == 0 else { return nil }
        bufferevent_free(pair[1])
        return pair[0]
    }

    func handshakeEnded(_ outcome: TLSOutcome, detail: String, of connection: DoorConnection?) {
        let isWorthALine = outcome == .failed || outcome == .plainHTTP || outcome == .timedOut
        let address = isWorthALine ? connection?.remoteAddress ?? "" : ""
        handshakeHasEnded(TLSReport(outcome: outcome, detail: detail, remoteAddress: address))
    }

    /// A client sends TLS records without a byte of a request.
    func sentIdleRecords() {
        let problem = "more than \(RecordCount.most) TLS records without application data; the connection was closed"
        refused(DoorRefusal(status: 400, problem: problem))
    }

    func forget(_ connection: DoorConnection) {
        if connections[connection.input] === connection { connections[connection.input] = nil }
        if load.largest === connection { load.largest = nil }
        if let address = connection.countedAs { shared.addresses.remove(address) }
        connection.countedAs = nil
    }

    func tell(_ refusal: DoorRefusal) { refused(refusal) }

    /// Bounds how long a request may drip in. evhttp's own timeout starts anew with every byte.
    private func closeLateConnections() {
        let now = SteadyTime.now()
        let deadline = now - Int64(limits.requestSeconds) * 1000
        for connection in connections.values where connection.isLate(startedBefore: deadline) {
            refused(DoorRefusal(status: 408, problem: "the request was not complete in \(limits.requestSeconds) s"))
            connection.closeAsLate()
        }
        if let tls {
            tls.renewTickets(now: now)
            let deadline = now - Int64(limits.handshakeSeconds) * 1000
            for connection in connections.values { connection.closeIfHandshakeIsLate(startedBefore: deadline) }
        }
        for connection in connections.values { connection.endLinger(now: now) }
        relieveSlowly()
        if let code = acceptFault {
            acceptFault = nil
            acceptHasFailed(SystemError("accept connections", code: code))
        }
        // Out of descriptors accept fails at once, again and again, so the listener was turned off for a moment.
        if accepts { accept(true) }
        sweep?.set(afterMilliseconds: 1000)
    }

    /// A connection could not be accepted. Where it is for want of a descriptor, those go that nobody needs.
    fileprivate func couldNotAccept(_ listener: OpaquePointer?, code: CInt) {
        acceptFault = code
        if (code == EMFILE || code == ENFILE) && relieveOfDescriptors() { return }
        evconnlistener_disable(listener)
    }

    /// evhttp answers some bad requests itself; this is how they are counted and logged.
    func answeredByParser(status: Int) {
        refused(DoorRefusal(status: status, problem: "not a request that HTTP/1.1 allows, or larger than the limits"))
    }

    fileprivate func requestCompleted(_ handle: OpaquePointer) {
        guard let link = evhttp_request_get_connection(handle),
            let transport = evhttp_connection_get_bufferevent(link), let input = bufferevent_get_input(transport)
        else { return }
        let connection = connections[input]
        connection?.requestCompleted()
        let method = Self.method(evhttp_request_get_command(handle))
        let headers = Self.headers(
            evhttp_request_get_input_headers(handle), most: connection?.headerLines ?? .max)
        let target = evhttp_request_get_uri(handle).map { Self.text($0) } ?? "/"
        let framing = Framing(headers: headers, isHTTP10: connection?.isHTTP10 ?? false)
        let split = PercentCoding.split(target, most: limits.nameBytes)
        var request = HTTPRequest(
            method: method ?? "", target: target, path: split?.path ?? [], query: split?.query ?? [],
            headers: headers, body: Self.body(evhttp_request_get_input_buffer(handle)),
            remoteAddress: clientAddress(Self.remoteAddress(link), headers))
        request.isHTTP10 = connection?.isHTTP10 ?? false
        request.hasOrdinaryFraming = framing.isOrdinary
        // evhttp takes a whole URL for what one asks a proxy for, and closes after it.
        request.closesConnection = framing.closes || !(target.utf8.first == 0x2F || target.utf8.elementsEqual([0x2A]))
        let exchange = Exchange(
            handle, request: request, of: connection, direct: direct, scratch: scratch, on: loop, answered: answered)
        if let problem = framing.problem { return turnAway(exchange, status: 400, problem) }
        guard method != nil else { return turnAway(exchange, status: 501, "an unknown method") }
        guard split != nil else {
            let problem =
                PercentCoding.hasLongName(target, most: limits.nameBytes)
                ? "a segment of the path, or the name of a parameter, has more than \(limits.nameBytes) bytes"
                : "the request's target is not well-formed"
            return turnAway(exchange, status: 400, problem, headersOfRefusals(request))
        }
        handler(exchange)
    }

    private func turnAway(
        _ exchange: Exchange, status: Int, _ problem: String, _ headers: [(name: String, value: String)] = []
    ) {
        refused(DoorRefusal(status: status, problem: problem))
        let body = DoorRefusal(status: status, problem: problem).body
        var response = HTTPResponse(
            status: status, contentType: "application/problem+json", body: Array(body.utf8))
        response.headers += headers
        response.closesConnection = true
        exchange.reply(response)
    }
}

private func requestIsComplete(_ handle: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) {
    guard let handle, let argument else { return }
    Unmanaged<Door>.fromOpaque(argument).takeUnretainedValue().requestCompleted(handle)
}

private func makeBufferEvent(_ base: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) -> OpaquePointer? {
    guard let argument else { return nil }
    return Unmanaged<Door>.fromOpaque(argument).takeUnretainedValue().makeTransport()
}

/// The doors by their evhttp.
private let acceptingDoors = Locked<[OpaquePointer: UnsafeMutableRawPointer]>([:])

// libevent hands this callback what it handed to evhttp's own, which is evhttp and not the door. A listener that
// cannot accept for now rests by being turned off, and the door's sweep, which comes once a second, tells of it and
// turns it on again.
private func acceptFailed(_ listener: OpaquePointer?, _ http: UnsafeMutableRawPointer?) {
    let code = errno
    guard let http, let door = acceptingDoors.withLock({ $0[OpaquePointer(http)] }) else { return }
    Unmanaged<Door>.fromOpaque(door).takeUnretainedValue().couldNotAccept(listener, code: code)
}
