import Dispatch
import EventLoop
import Glibc
import Platform
import Testing
import Wire

@testable import FrontDoor

/// A door on a real port, on a thread of its own. What it does with a request the path says:
/// `/hold` keeps it until ``release()``, `/stream` takes the connection over, `/drop` forgets to answer, `/slow-down`
/// is answered 429, everything else is told back.
final class TestServer: Sendable {
    /// What the server did, for the test's thread.
    struct Log: Sendable {
        var targets: [String] = []
        /// The names of all headers.
        var headers: [String] = []
        var refusals: [Int] = []
        var ends: [StreamSocket.End] = []
        var held = 0
    }

    enum Command: Sendable {
        case release
        case closeDoor
        case write(String)
        case report(@Sendable (Int) -> Void)
        case stop
    }

    let port: UInt16
    let log: Locked<Log>
    private let mailbox: Mailbox<Command>

    init(
        droppedBodyBytes: Int = 0, requestSeconds: Int = 15, handshakeSeconds: Int = 10, requestBytes: Int = .max,
        addressConnections: Int = .max
    ) throws {
        // As the relay does: libevent writes to connections that clients have reset.
        System.ignoreBrokenPipes()
        let started = DispatchSemaphore(value: 0)
        let port = Locked<UInt16?>(nil)
        let log = Locked(Log())
        let mailbox = try Mailbox<Command>()
        try NamedThread.start(name: "test door") {
            let limits = DoorLimits(
                headerBytes: 4096, bodyBytes: 10_000, droppedBodyBytes: droppedBodyBytes,
                requestSeconds: requestSeconds, idleSeconds: 60, handshakeSeconds: handshakeSeconds)
            let shared = DoorShared(
                bodies: BodyBudget(limitBytes: requestBytes), addresses: AddressCounts(most: addressConnections))
            try? Served(limits: limits, shared: shared, log: log).run(mailbox) { found in
                port.withLock { $0 = found }
                started.signal()
            }
            started.signal()
        }
        started.wait()
        self.port = try #require(port.withLock { $0 })
        self.log = log
        self.mailbox = mailbox
    }

    deinit { mailbox.post(.stop) }

    func post(_ command: Command) { mailbox.post(command) }

    /// How many connections the door counts.
    func connectionCount() -> Int {
        let answered = DispatchSemaphore(value: 0)
        let count = Locked(0)
        mailbox.post(
            .report { found in
                count.withLock { $0 = found }
                answered.signal()
            })
        answered.wait()
        return count.withLock { $0 }
    }

    /// Descriptors of this process that are the server's ends of connections, and the listener.
    func socketCount() -> Int {
        (0..<1024).filter { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isSocket = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(CInt(descriptor), $0, &length) == 0
                }
            }
            return isSocket && UInt16(bigEndian: address.sin_port) == port
        }.count
    }
}

/// What the server's thread has.
private final class Served: StreamSocketOwner {
    private let loop: Loop
    private let log: Locked<TestServer.Log>
    private let port: UInt16
    private var door: Door?
    private var held: [Exchange] = []
    private var streams: [StreamSocket] = []

    init(limits: DoorLimits, shared: DoorShared, log: Locked<TestServer.Log>) throws {
        loop = try Loop()
        self.log = log
        let listener = try Listener(host: "127.0.0.1", port: 0, on: loop)
        port = listener.address.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
        let door = try Door(
            on: loop, limits: limits, shared: shared,
            refused: { refusal in log.withLock { $0.refusals.append(refusal.status) } },
            handler: { [unowned self] in handle($0) })
        door.listen(on: listener)
        self.door = door
    }

    func run(_ mailbox: Mailbox<TestServer.Command>, _ started: (UInt16) -> Void) {
        let reader = mailbox.attach(to: loop, limit: 10, handle: { [unowned self] in obey($0) }, endOfTurn: {})
        started(port)
        loop.run()
        withExtendedLifetime(reader) {}
    }

    private func obey(_ command: TestServer.Command) {
        switch command {
        case .release:
            for exchange in held { exchange.reply(HTTPResponse(status: 200, body: Array("released".utf8))) }
            held = []
        case .closeDoor: door = nil
        case .write(let text):
            for stream in streams { Self.write(text, to: stream) }
        case .report(let answer): answer(door?.connections.count ?? 0)
        case .stop: loop.stop()
        }
    }

    private func handle(_ exchange: Exchange) {
        let request = exchange.request
        log.withLock { log in
            log.targets.append(request.target.string)
            log.headers += request.headers.map(\.name.string)
        }
        switch request.path.first {
        case "hold":
            held.append(exchange)
            log.withLock { $0.held += 1 }
        case "drop": break
        case "slow-down": exchange.reply(HTTPResponse(status: 429))
        case "stream":
            guard let stream = exchange.takeOver() else { return }
            stream.owner = self
            streams.append(stream)
            Self.write("HTTP/1.1 200 OK\r\n\r\nhello", to: stream)
        default:
            let text = "\(request.method) \(request.target) "
            exchange.reply(HTTPResponse(status: 200, body: Array(text.utf8) + request.body))
        }
    }

    private static func write(_ text: String, to stream: StreamSocket) {
        var bytes = Array(text.utf8)
        bytes.withUnsafeMutableBytes { all in
            var piece = iovec(iov_base: all.baseAddress, iov_len: all.count)
            withUnsafeMutablePointer(to: &piece) {
                _ = stream.write(UnsafeMutableBufferPointer(start: $0, count: 1))
            }
        }
    }

    func socketIsWritable(_ socket: StreamSocket) {}

    func socketHasEnded(_ socket: StreamSocket, because reason: StreamSocket.End) {
        socket.close()
        streams.removeAll { $0 === socket }
        log.withLock { $0.ends.append(reason) }
    }
}
