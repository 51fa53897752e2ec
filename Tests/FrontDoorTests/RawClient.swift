import Glibc
import Testing

/// A client that sends just the bytes it is told to.
final class RawClient {
    private(set) var descriptor: CInt

    init(_ server: TestServer) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = server.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        // A test that waits for what never comes must end.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { leave() }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
    }

    /// Closes; with a reset if the server is not to be told politely.
    func leave(withReset: Bool = false) {
        guard descriptor >= 0 else { return }
        if withReset {
            var hard = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        }
        close(descriptor)
        descriptor = -1
    }

    /// True while the server has sent nothing that is not received yet.
    var hasReceivedNothing: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) < 0 && errno == EAGAIN
    }

    /// What comes until `text` has come; nil if the connection ends before.
    func receive(until text: String) -> String? {
        var all: [UInt8] = []
        var byte: UInt8 = 0
        let end = Array(text.utf8)
        while recv(descriptor, &byte, 1, 0) == 1 {
            all.append(byte)
            if all.suffix(end.count).elementsEqual(end) { return String(decoding: all, as: UTF8.self) }
        }
        return nil
    }

    /// What comes until the server closes; nil if it does not close.
    func receiveAll() -> String? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return String(decoding: all, as: UTF8.self) }
            // A reset is a close as well.
            if count < 0 { return errno == ECONNRESET ? String(decoding: all, as: UTF8.self) : nil }
            all += buffer[..<count]
        }
    }
}

/// Waits until something is so, which another thread brings about: for some seconds at most.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<5_000 {
        if condition() { return true }
        usleep(1_000)
    }
    return condition()
}
