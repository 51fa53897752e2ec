internal import CLibevent
internal import Glibc
public import Platform

/// A listening socket of one loop. Several loops, each with its own socket, share a port by SO_REUSEPORT, and the
/// kernel distributes the connections.
public final class Listener {
    /// Connections that the kernel queues while the loop is busy. evhttp's own listener has 128, too few for a thousand
    /// dashboards that reconnect at once.
    public static let backlogConnections: CInt = 4096

    /// The `evconnlistener`. evhttp takes ownership of it and frees it.
    package let handle: OpaquePointer
    /// The address: `127.0.0.1:3001`, with the port that the system chose if 0 was requested.
    public let address: String

    /// Listens on `host` (an address, not a name) and `port`.
    public init(host: String, port: UInt16, on loop: Loop) throws(SystemError) {
        loop.preconditionIsCurrent()
        let info = try Self.resolve(host, port)
        defer { freeaddrinfo(info) }
        let flags =
            LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_REUSEABLE_PORT
        let listener = evconnlistener_new_bind(
            loop.base, nil, nil, UInt32(flags), Self.backlogConnections, info.pointee.ai_addr,
            CInt(info.pointee.ai_addrlen))
        guard let listener else { throw SystemError(Self.operation(host, port)) }
        handle = listener
        address = Self.text(host: host, port: Self.boundPort(evconnlistener_get_fd(listener)) ?? port)
    }

    /// Accepts connections from an inherited socket. Several loops may share it: each connection goes to one of them.
    public init(_ inherited: InheritedSocket, on loop: Loop) throws(SystemError) {
        loop.preconditionIsCurrent()
        let operation = "accept connections on \(inherited.address)"
        // Each loop owns and closes a copy of the descriptor. The inherited one stays open.
        let copy = fcntl(inherited.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError(operation) }
        // With a backlog of 0 libevent does not call listen again, which would replace the service manager's backlog.
        let flags = UInt32(LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC)
        guard let listener = evconnlistener_new(loop.base, nil, nil, flags, 0, copy) else {
            close(copy)
            throw SystemError(operation)
        }
        handle = listener
        address = inherited.address
    }

    /// Fails if another socket listens on this address, even one of the same user.
    public static func checkIsFree(host: String, port: UInt16) throws(SystemError) {
        guard port != 0 else { return }
        let info = try resolve(host, port)
        defer { freeaddrinfo(info) }
        let probe = socket(info.pointee.ai_family, CInt(SOCK_STREAM.rawValue), 0)
        guard probe >= 0 else { throw SystemError(operation(host, port)) }
        defer { close(probe) }
        System.setOption(probe, level: SOL_SOCKET, SO_REUSEADDR, to: 1)
        guard bind(probe, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 else {
            throw SystemError(operation(host, port))
        }
    }

    private static func operation(_ host: String, _ port: UInt16) -> String {
        "listen on \(text(host: host, port: port))"
    }

    /// The socket address of a numeric host; the caller frees it.
    private static func resolve(_ host: String, _ port: UInt16) throws(SystemError) -> UnsafeMutablePointer<addrinfo> {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let found else {
            throw SystemError(operation(host, port), code: EADDRNOTAVAIL)
        }
        return found
    }

    private static func text(host: String, port: UInt16) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func boundPort(_ descriptor: CInt) -> UInt16? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isKnown = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) == 0 }
        }
        guard isKnown else { return nil }
        // The port is at the same offset in both families' addresses.
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
    }
}
