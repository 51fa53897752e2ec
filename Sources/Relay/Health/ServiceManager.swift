internal import Glibc
internal import Platform

/// Notifies the service manager that started the relay, such as systemd, about its state: sd_notify(3).
struct ServiceManager: Sendable {
    private let address: [UInt8]
    /// The time within which it must receive `WATCHDOG=1`, else it restarts the relay; nil if it does not watch.
    let watchdogMilliseconds: Int64?

    /// Nil if `NOTIFY_SOCKET` is not set, or is no usable address.
    init?(environment: [String: String]) {
        guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@"),
            path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        // A name that begins with @ is an abstract socket, whose first byte is NUL.
        address = path.hasPrefix("@") ? [0] + path.utf8.dropFirst() : Array(path.utf8)
        let isForUs = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init)
        watchdogMilliseconds = isForUs ? microseconds.flatMap { $0 > 0 ? max(1, $0 / 1000) : nil } : nil
    }

    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
    func isStopping() { send("STOPPING=1\nSTATUS=stopping") }
    func isAlive() { send("WATCHDOG=1") }

    /// `READY=1` must follow.
    func isReloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(Stopwatch.clockMicroseconds())\nSTATUS=reloading")
    }

    /// Sends one datagram. A failure is ignored, since the relay can do nothing about it.
    private func send(_ text: String) {
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: address) }
        let length = MemoryLayout<sa_family_t>.size + address.count
        let bytes = Array(text.utf8)
        withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = sendto(
                    descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT), pointer,
                    socklen_t(length))
            }
        }
    }
}
