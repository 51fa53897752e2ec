internal import EventLoop
internal import Events
internal import Glibc

/// One POST to this relay itself, in plain text. Foundation's client would make folders for its cache and its cookies
/// in the user's home.
struct DemoPost: Sendable {
    let host: String
    let port: UInt16
    let path: String

    /// How long connecting, sending and waiting may take each.
    private static let timeoutSeconds = 5

    /// Posts a body and waits for the beginning of the answer.
    func send(_ body: [UInt8], headers: [(name: String, value: String)]) throws(SystemError) {
        let descriptor = try connected()
        defer { close(descriptor) }
        var head = "POST \(path) HTTP/1.1\r\nHost: \(host.contains(":") ? "[\(host)]" : host):\(port)\r\n"
        head += "Connection: close\r\nContent-Length: \(body.count)\r\n"
        for header in headers { head += "\(header.name): \(header.value)\r\n" }
        let request = Array((head + "\r\n").utf8) + body
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SystemError("send to \(host):\(port)") }
            sent += count
        }
        var byte: UInt8 = 0
        guard recv(descriptor, &byte, 1, 0) == 1 else { throw SystemError("read from \(host):\(port)") }
    }

    private func connected() throws(SystemError) -> CInt {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let found else {
            throw SystemError("find \(host)", code: EHOSTUNREACH)
        }
        defer { freeaddrinfo(found) }
        let kind = found.pointee.ai_socktype | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(found.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw SystemError("connect to \(host):\(port)") }
        var patience = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        guard connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
            let code = errno
            close(descriptor)
            throw SystemError("connect to \(host):\(port)", code: code)
        }
        return descriptor
    }
}
