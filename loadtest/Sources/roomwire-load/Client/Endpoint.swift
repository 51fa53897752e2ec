internal import CLibevent
internal import Foundation
internal import Glibc

/// Where requests go: an `http:` or `https:` URL, taken apart. Its path and query are a template.
struct Endpoint {
    /// Whether TLS is spoken there.
    let isSecure: Bool
    /// The name or address alone: what a certificate is for.
    let host: String
    /// What goes into the `Host` header.
    let authority: String
    /// Path and query.
    let target: Template
    /// The address, in network byte order.
    let address: in_addr
    /// The port.
    let port: UInt16

    /// Takes a URL apart and looks its host up, an IPv4 one.
    init?(_ template: Template) {
        let text = template.text.prefix { $0 != "#" }
        guard let scheme = text.range(of: "://") else { return nil }
        let end = text[scheme.upperBound...].firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        guard let url = URLComponents(string: String(text[..<end])), let usual = Self.ports[url.scheme ?? ""],
            url.user == nil, let host = url.host, !host.isEmpty, let port = UInt16(exactly: url.port ?? usual),
            let address = Self.lookUp(host)
        else { return nil }
        isSecure = url.scheme == "https"
        self.host = host
        self.address = address
        self.port = port
        authority = url.port == nil ? host : "\(host):\(port)"
        let path = text[end...]
        target = Template(path.hasPrefix("/") ? String(path) : "/" + path)
    }

    /// The usual port of each scheme.
    private static let ports = ["http": 80, "https": 443]

    private static func lookUp(_ host: String) -> in_addr? {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &found) == 0, let address = found?.pointee.ai_addr else { return nil }
        defer { freeaddrinfo(found) }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
    }

    /// Whether the server is on this machine, so that connections may come from all of 127.0.0.0/8.
    var isLoopback: Bool { UInt32(bigEndian: address.s_addr) >> 24 == 127 }

    /// The head of a request, without the empty line that ends it, so that more headers may follow.
    func head(_ method: String, headers: [HeaderTemplate]) -> Template {
        var text = "\(method) \(target.text) HTTP/1.1\r\nHost: \(authority)\r\n"
        for header in headers { text += "\(header.name): \(header.value.text)\r\n" }
        return Template(text)
    }
}
