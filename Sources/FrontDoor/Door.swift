internal import CLibevent
internal import COpenSSL
package import EventLoop
internal import Glibc
package import Platform
package import Wire

/// The HTTP server of one loop: evhttp behind the door's own listeners, with the checks that evhttp leaves out. Either
/// all its listeners use TLS or none does: a connection does not know its listener.
package final class Door {
    let loop: Loop
    private let http: OpaquePointer
    let limits: DoorLimits
    let shared: DoorShared
    private let handler: (Exchange) -> Void
    private let refused: (DoorRefusal) -> Void
    private let answered: (Exchange, Exchange.Answer) -> Void
    private let tls: TLSTermination?
    /// Called at the end of every TLS handshake.
    package var handshakeHasEnded: (TLSReport) -> Void = { _ in }
    /// Called, at most once a second, when connections could not be accepted. They wait in the listener's queue.
    package var acceptHasFailed: (SystemError) -> Void = { _ in }
    /// Returns headers to add to the refusal of a request whose target alone is wrong, so that a web page may read why.
    package var headersOfRefusals: (HTTPRequest) -> [(name: String, value: String)] = { _ in [] }
    /// Whether a POST to this target may have a body of ``DoorLimits/bodyBytes``; other bodies are limited to
    /// ``DoorLimits/smallBodyBytes``.
    package var takesLargeBody: (_ target: [UInt8]) -> Bool = { _ in true }
    /// The address to which a connection of this peer is counted; nil if it is not counted, as that of a trusted proxy.
    package var countedAs: (_ peer: String) -> WireText? = { WireText($0) }
    private let scratch = TLSStreamSocket.Scratch()
    private let direct = DirectAnswer()
    /// The address of the client, which may be behind a proxy, from the peer's address and the request's headers.
    private let clientAddress: (_ peer: String, _ headers: [(name: WireText, value: WireText)]) -> String
    private var listeners: [Listener] = []
    /// The door's record of each connection, by the connection's input buffer.
    private(set) var connections: [OpaquePointer: DoorConnection] = [:]
    /// Connections that evhttp is accepting in this turn.
    private var newcomers: [DoorConnection] = []
    private var admission: LoopTimer?
    var load = DoorLoad()
    private var acceptFault: CInt?
    private var sweep: LoopTimer?
    private var accepts = true

    /// A door that passes every valid request to `handler`, every refusal to `refused`, and every answer to a complete
    /// request to `answered`.
    /// - Parameter clientAddress: returns the address of the client, which may be behind a proxy; by default the
    ///   peer's.
    /// - Parameter wake: makes the loop's thread call ``relieve()``; called on any thread.
    package init(
        on loop: Loop, limits: DoorLimits, shared: DoorShared = .none, wake: @escaping @Sendable () -> Void = {},
        tls: TLSTermination? = nil, refused: @escaping (DoorRefusal) -> Void,
        answered: @escaping (Exchange, Exchange.Answer) -> Void = { _, _ in },
        clientAddress: @escaping (_ peer: String, _ headers: [(name: WireText, value: WireText)]) -> String = {
            peer, _ in
            peer
        },
        handler: @escaping (Exchange) -> Void
    ) throws(SystemError) {
        loop.preconditionIsCurrent()
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
        // Methods that no route has are refused by the door before evhttp sees them.
        evhttp_set_allowed_methods(http, 0x1FF)
        let this = Unmanaged.passUnretained(self).toOpaque()
        evhttp_set_gencb(http, requestIsComplete, this)
        evhttp_set_bevcb(http, makeBufferEvent, this)
        acceptingDoors.withLock { $0[http] = this }
        load.share = shared.bodies.join(wake: wake)
        admission = LoopTimer(on: loop) { [unowned self] in admitNewcomers() }
        sweep = LoopTimer(on: loop) { [unowned self] in closeLateConnections() }
        sweep?.set(afterMilliseconds: 1000)
    }

    deinit {
        evhttp_free(http)
        acceptingDoors.withLock { $0[http] = nil }
        shared.bodies.leave(load.share)
    }

    /// Accepts connections from `listener` as well; the door owns it from now on.
    package func listen(on listener: Listener) {
        loop.preconditionIsCurrent()
        evhttp_bind_listener(http, listener.handle)
        evconnlistener_set_error_cb(listener.handle, acceptFailed)
        listeners.append(listener)
    }

    /// Starts or stops accepting new connections.
    package func accept(_ accepts: Bool) {
        loop.preconditionIsCurrent()
        self.accepts = accepts
        for listener in listeners {
            if accepts { evconnlistener_enable(listener.handle) } else { evconnlistener_disable(listener.handle) }
        }
    }

    /// True while a request is being received or answered, or a connection is so new that its first request may be on
    /// its way.
    package var hasRequestsUnderWay: Bool {
        loop.preconditionIsCurrent()
        let now = SteadyTime.now()
        return connections.values.contains { $0.hasUnansweredRequest(now: now) }
    }

    /// Creates the transport for a connection that evhttp has just accepted.
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
        // The timer runs after evhttp has set the connection up and before its first bytes are read.
        admission?.fireThisTurn()
        return transport
    }

    private func admitNewcomers() {
        let admitted = newcomers
        newcomers.removeAll(keepingCapacity: true)
        for connection in admitted where connections[connection.input] === connection { admit(connection) }
    }

    /// A transport that cannot have a socket, so that evhttp closes the connection. With none, evhttp would create one
    /// of its own, without TLS.
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

    /// Reports a client that sends TLS records without application data.
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

    func report(_ refusal: DoorRefusal) { refused(refusal) }

    /// The most bytes that the body of this request may have.
    func mostBodyBytes(of head: RequestHead) -> Int {
        head.mayBeWebhook && takesLargeBody(head.target) ? limits.bodyBytes : limits.smallBodyBytes
    }

    /// Ends requests and handshakes that take too long. evhttp's own timeout restarts with every byte. Runs once a
    /// second.
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
        // Without descriptors accept fails at once, again and again, so the listener was disabled until now.
        if accepts { accept(true) }
        sweep?.set(afterMilliseconds: 1000)
    }

    /// Handles a failed accept: if descriptors ran out, closes idle connections; else disables the listener for a
    /// moment.
    fileprivate func couldNotAccept(_ listener: OpaquePointer?, code: CInt) {
        acceptFault = code
        if (code == EMFILE || code == ENFILE) && relieveOfDescriptors() { return }
        evconnlistener_disable(listener)
    }

    /// Reports a request that evhttp itself has refused, so that it is counted and logged.
    func answeredByParser(status: Int) {
        refused(DoorRefusal(status: status, problem: "not a request that HTTP/1.1 allows, or larger than the limits"))
    }

    fileprivate func requestCompleted(_ handle: OpaquePointer) {
        loop.assertIsCurrent()
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
        // evhttp treats a target that is a whole URL as a request to a proxy, and closes after it.
        request.closesConnection = framing.closes || !(target.utf8.first == 0x2F || target.utf8.elementsEqual([0x2A]))
        let exchange = Exchange(
            handle, request: request, of: connection, direct: direct, scratch: scratch, on: loop, answered: answered)
        if let problem = framing.problem { return answerRefusal(exchange, status: 400, problem) }
        guard method != nil else { return answerRefusal(exchange, status: 501, "an unknown method") }
        guard split != nil else {
            let problem =
                PercentCoding.hasLongName(target, most: limits.nameBytes)
                ? "a segment of the path, or the name of a parameter, has more than \(limits.nameBytes) bytes"
                : "the request's target is not well-formed"
            return answerRefusal(exchange, status: 400, problem, headersOfRefusals(request))
        }
        handler(exchange)
    }

    private func answerRefusal(
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

// libevent passes evhttp, not the door, as this callback's argument. A listener that cannot accept is disabled; the
// door's sweep, once a second, reports that and enables it again.
private func acceptFailed(_ listener: OpaquePointer?, _ http: UnsafeMutableRawPointer?) {
    let code = errno
    guard let http, let door = acceptingDoors.withLock({ $0[OpaquePointer(http)] }) else { return }
    Unmanaged<Door>.fromOpaque(door).takeUnretainedValue().couldNotAccept(listener, code: code)
}
