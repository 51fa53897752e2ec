internal import Glibc

/// A listening socket that the service manager opened before it started this process, and keeps open after its end:
/// sd_listen_fds(3). While the relay is not running, connections wait in the kernel's queue and none is refused.
public struct InheritedSocket: Sendable, Hashable {
    /// The descriptor. It stays open as long as the process runs.
    public let descriptor: CInt
    /// The name that the service manager gave it; empty if none.
    public let name: String
    /// The address: `127.0.0.1:3001`.
    public let address: String

    /// The first inherited descriptor, by systemd's protocol.
    private static let firstDescriptor: CInt = 3

    /// The sockets passed to this process; none if the variables are missing or name another process.
    /// - Parameter environment: `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` are read from it.
    /// - Throws: an error if a descriptor is not a listening TCP socket.
    public static func take(environment: [String: String]) throws(SystemError) -> [InheritedSocket] {
        guard environment["LISTEN_PID"] == String(getpid()), let count = environment["LISTEN_FDS"].flatMap(CInt.init),
            count > 0
        else { return [] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var sockets: [InheritedSocket] = []
        for index in 0..<count {
            let name = Int(index) < names.count ? String(names[Int(index)]) : ""
            sockets.append(try InheritedSocket(firstDescriptor + index, name: name))
        }
        return sockets
    }

    private init(_ descriptor: CInt, name: String) throws(SystemError) {
        let operation =
            "listen on the descriptor \(descriptor) that was handed over\(name.isEmpty ? "" : " as \(name)")"
        var listens: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 else {
            throw SystemError(operation)
        }
        guard listens == 1, let address = Self.address(descriptor) else {
            throw SystemError(operation, code: EPROTOTYPE)
        }
        self.descriptor = descriptor
        self.name = name
        self.address = address
        // Child processes must not inherit it, and accept must not block a loop.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Address and port of a TCP socket; nil for any other.
    private static func address(_ descriptor: CInt) -> String? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let isKnown = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0
                    && [AF_INET, AF_INET6].contains(CInt(address.pointee.sa_family))
                    && getnameinfo(
                        address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                        NI_NUMERICHOST | NI_NUMERICSERV) == 0
            }
        }
        guard isKnown else { return nil }
        let texts = [host, port].map { chars in
            String(decoding: chars.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return texts[0].contains(":") ? "[\(texts[0])]:\(texts[1])" : "\(texts[0]):\(texts[1])"
    }
}
