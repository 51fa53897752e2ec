internal import CLibevent
internal import EventLoop
internal import Glibc
internal import Platform

/// What a connection tells its owner.
protocol ClientSocketOwner: AnyObject {
    /// It stands: requests can be sent.
    func socketIsConnected(_ socket: ClientSocket)
    /// Bytes came; they stand there for the length of the call.
    func socket(_ socket: ClientSocket, received bytes: UnsafeRawBufferPointer)
    /// The server closed it, or it never came about. The socket is closed.
    func socketHasEnded(_ socket: ClientSocket, because reason: String)
}

/// A connection that this program opens: one descriptor and one event, both its own.
final class ClientSocket {
    private weak var owner: (any ClientSocketOwner)?
    private let place: Workplace
    private var descriptor: CInt = -1
    private var event: UnsafeMutablePointer<event>?
    private var unsent: [UInt8] = []
    private var isConnected = false
    /// Whether TCP has connected, and TLS has not.
    private var isShakingHands = false
    private var tls: TLSConnection?
    /// What a later connection with TLS can resume; known when this one is closed.
    private(set) var session: TLSSession?
    /// Whether what comes is left to lie with the kernel.
    private var isStalled = false

    /// Begins to connect.
    /// - Parameters:
    ///   - session: what an earlier connection with TLS left.
    ///   - source: the last number of the address 127.0.0.x to come from; nil leaves it to the system.
    ///   - receiveBufferBytes: how much the kernel may hold for it; nil leaves that to the kernel.
    init(
        over route: Route, resuming session: TLSSession? = nil, from source: UInt8?, receiveBufferBytes: CInt? = nil,
        at place: Workplace, owner: any ClientSocketOwner
    ) throws(SystemError) {
        self.owner = owner
        self.place = place
        descriptor = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(O_NONBLOCK) | CInt(O_CLOEXEC), 0)
        guard descriptor >= 0 else { throw SystemError("open a socket") }
        System.setOption(descriptor, level: CInt(IPPROTO_TCP), TCP_NODELAY, to: 1)
        // Before it connects: the window that the server sees begins with it.
        if let receiveBufferBytes {
            System.setOption(descriptor, level: SOL_SOCKET, SO_RCVBUF, to: receiveBufferBytes)
        }
        if let source {
            // The port is chosen when the connection is made, so that each address has all ports.
            System.setOption(descriptor, level: 0, IP_BIND_ADDRESS_NO_PORT, to: 1)
            _ = call(bind, Self.address(in_addr(s_addr: UInt32(0x7F00_0000 | UInt32(source)).bigEndian), 0))
        }
        if call(connect, Self.address(route.endpoint.address, route.endpoint.port)) != 0, errno != EINPROGRESS {
            throw abandoned("connect to \(route.endpoint.authority)")
        }
        if let client = route.tls {
            tls = client.makeConnection(descriptor, resuming: session)
            guard tls != nil else { throw abandoned("begin TLS", code: ENOMEM) }
        }
        watch(EV_WRITE)
    }

    deinit {
        close()
    }

    private func abandoned(_ operation: String, code: CInt = errno) -> SystemError {
        Glibc.close(descriptor)
        descriptor = -1
        return SystemError(operation, code: code)
    }

    private static func address(_ address: in_addr, _ port: UInt16) -> sockaddr_in {
        var result = sockaddr_in()
        result.sin_family = sa_family_t(AF_INET)
        result.sin_addr = address
        result.sin_port = port.bigEndian
        return result
    }

    private func call(
        _ function: (CInt, UnsafePointer<sockaddr>?, socklen_t) -> CInt, _ address: sockaddr_in
    ) -> CInt {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func watch(_ what: CInt) {
        if let event { event_free(event) }
        event = nil
        let what = isStalled ? what & ~EV_READ : what
        guard what != 0 else { return }
        event = event_new(
            place.loop.base, descriptor, Int16(what | EV_PERSIST), clientSocketIsReady,
            Unmanaged.passUnretained(self).toOpaque())
        event_add(event, nil)
    }

    /// Sends `bytes`, now or when the system takes them.
    func send(_ bytes: [UInt8]) {
        guard unsent.isEmpty else { return unsent.append(contentsOf: bytes) }
        let count = isConnected && descriptor >= 0 ? write(bytes) : 0
        guard count < bytes.count else { return }
        unsent = Array(bytes[count...])
        if isConnected { watch(EV_READ | EV_WRITE) }
    }

    private func flush() {
        guard descriptor >= 0, isConnected, !unsent.isEmpty else { return }
        unsent.removeFirst(write(unsent))
        if unsent.isEmpty { unsent = [] } else { watch(EV_READ | EV_WRITE) }
    }

    /// - Returns: how much the system took. A connection that is gone takes nothing, and shows when it is read.
    private func write(_ bytes: [UInt8]) -> Int {
        let result = bytes.withUnsafeBytes { bytes in
            tls?.write(bytes) ?? System.write(descriptor, bytes)
        }
        return if case .wrote(let count) = result { count } else { 0 }
    }

    /// Stops reading, or reads on.
    func stall(_ isStalled: Bool) {
        guard descriptor >= 0, isConnected, isStalled != self.isStalled else { return }
        self.isStalled = isStalled
        watch(unsent.isEmpty ? EV_READ : EV_READ | EV_WRITE)
    }

    /// Closes the connection. Does nothing the second time.
    func close() {
        guard descriptor >= 0 else { return }
        if let event { event_free(event) }
        event = nil
        session = tls?.session
        tls = nil
        Glibc.close(descriptor)
        descriptor = -1
    }

    fileprivate func isReady(_ what: CInt) {
        serve(what)
        place.rest()
    }

    private func serve(_ what: CInt) {
        if isShakingHands { return shakeHands() }
        if !isConnected { return finishConnecting() }
        if what & EV_READ != 0 { read() }
        if what & EV_WRITE != 0, descriptor >= 0 {
            watch(EV_READ)
            flush()
        }
    }

    private func finishConnecting() {
        var code: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { return end(String(cString: strerror(code))) }
        if tls != nil { return shakeHands() }
        isReadyForRequests()
    }

    private func shakeHands() {
        isShakingHands = true
        switch tls?.shakeHands() {
        case .wantsRead: watch(EV_READ)
        case .wantsWrite: watch(EV_WRITE)
        case .failed(let reason): end(reason)
        case .done, nil:
            isShakingHands = false
            isReadyForRequests()
        }
    }

    private func isReadyForRequests() {
        isConnected = true
        watch(EV_READ)
        owner?.socketIsConnected(self)
        flush()
    }

    private func read() {
        if let tls { return read(tls) }
        let buffer = place.buffer
        switch System.read(descriptor, into: buffer) {
        case .read(let count): owner?.socket(self, received: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        case .wouldBlock: break
        case .closed: end("the server closed the connection")
        }
    }

    /// Reads record after record: of those that OpenSSL has, the loop would not tell.
    private func read(_ tls: TLSConnection) {
        let buffer = place.buffer
        repeat {
            switch tls.read(into: buffer) {
            case .read(let count): owner?.socket(self, received: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            case .wouldBlock: return
            case .ended(let reason): return end(reason)
            }
        } while descriptor >= 0 && tls.hasPending
    }

    private func end(_ reason: String) {
        close()
        owner?.socketHasEnded(self, because: reason)
    }
}

private func clientSocketIsReady(_ descriptor: CInt, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // The owner may let go of the socket while it is told.
    let socket = Unmanaged<ClientSocket>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(socket) { socket.isReady(CInt(what)) }
}
