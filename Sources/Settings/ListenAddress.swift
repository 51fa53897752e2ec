internal import Glibc
internal import Wire

/// An address to accept connections on.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address in text, the latter without brackets.
    package let host: String
    /// 0 lets the system choose.
    package let port: Int
    /// Whether it is spoken to over TLS.
    package let isSecure: Bool

    /// An address of parts that are right.
    package init(host: String, port: Int, isSecure: Bool = false) {
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }

    /// Reads `127.0.0.1:3001`, `[::1]:3001`, `localhost:3001`, or `:3001` for every address of the machine; with
    /// `https://` before it for TLS, and, for who likes it, `http://` for none.
    ///
    /// Other names are refused: what they resolve to may change, and may be several addresses.
    package init(_ given: String) throws(BadValue) {
        isSecure = given.hasPrefix(Self.secureScheme)
        let scheme = [Self.secureScheme, "http://"].first { given.hasPrefix($0) } ?? ""
        let text = String(given.dropFirst(scheme.count))
        guard let colon = text.lastIndex(of: ":"), text.first != "[" || text[..<colon].last == "]" else {
            throw Self.shapeProblem(text)
        }
        let digits = text[text.index(after: colon)...]
        guard let port = Quantity.count(String(digits)), port <= 65_535 else {
            throw BadValue("the port should be a number from 0 to 65535")
        }
        self.port = port
        switch text[..<colon] {
        case "": host = "0.0.0.0"
        case "localhost": host = "127.0.0.1"
        case let name where name.first == "[":
            host = String(name.dropFirst().dropLast())
            guard host.contains(":") else { throw BadValue("only an IPv6 address stands in brackets") }
        case let name where name.contains(":"):
            throw BadValue("an IPv6 address stands in brackets, as in [::1]:3001")
        case let name: host = String(name)
        }
        guard Self.isNumeric(host) else {
            throw BadValue("an IP address should stand before the port; no name but localhost will do")
        }
    }

    private static func shapeProblem(_ text: String) -> BadValue {
        let hint = Quantity.count(text) == nil ? ", as in 127.0.0.1:3001" : "; did you mean :\(text)?"
        return BadValue("an address and a port should stand here" + hint)
    }

    private static func isNumeric(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(host.contains(":") ? AF_INET6 : AF_INET, host, &address) == 1
    }

    private static let secureScheme = "https://"

    /// Address and port as they would be written in a URL.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// As it is written in the settings: with `https://` if it is spoken to over TLS.
    package var description: String { isSecure ? Self.secureScheme + authority : authority }
}
