internal import Access

/// An entry of `cors.origins`, and what is wrong with one that is no origin.
enum OriginSetting {
    /// An origin as browsers send it, or one with `*.` before the domain, or `*`.
    @Sendable static func read(_ text: String) throws(BadValue) -> String {
        if text == "*" { return text }
        if let problem = problem(text) { throw BadValue(problem) }
        // What the relay takes when it starts, so that `check` never calls something good that `serve` refuses.
        guard (try? AllowedOrigins([text])) != nil else {
            throw BadValue("an origin is a scheme, a host and perhaps a port, as in https://dash.example.com:8443")
        }
        return text.lowercased()
    }

    /// The mistakes that are made, each with a sentence of its own.
    private static func problem(_ text: String) -> String? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return "an origin begins with https:// or http://, as in https://dash.example.com"
        }
        if text.utf8.contains(where: { $0 <= 0x20 }) { return "an origin has no blanks, before or behind it either" }
        let authority = text[colon...].dropFirst(3)
        if authority.contains(",") { return "each origin is an entry of its own in the list" }
        if authority.contains("/") { return "an origin has no path, and no / at its end" }
        if authority.contains("?") || authority.contains("#") { return "an origin has no query and no fragment" }
        if authority.contains("@") { return "an origin has no user and no password" }
        let isOfSite = ["https", "http"].contains(text[..<colon].lowercased())
        guard isOfSite else {
            let isOrigin = (try? AllowedOrigins([text])) != nil
            return isOrigin
                ? nil : "an app's origin is a scheme and a host, as in capacitor://localhost or tauri://localhost"
        }
        return problemOfSite(authority)
    }

    private static func problemOfSite(_ authority: Substring) -> String? {
        if authority.isEmpty { return "an origin has a host behind its scheme, as in https://dash.example.com" }
        let host = authority.hasPrefix("*.") ? authority.dropFirst(2) : authority
        guard !host.isEmpty, !host.contains("*") else {
            return "only the first part of an origin's host may be *, as in https://*.example.com"
        }
        if host.utf8.contains(where: { $0 >= 0x80 }) {
            return "an origin's host is written as browsers send it, with xn-- for letters beyond ASCII"
        }
        // Behind an IPv6 address, which has colons of its own.
        let end = host.first == "[" ? host.firstIndex(of: "]") ?? host.endIndex : host.startIndex
        if let colon = host[end...].firstIndex(of: ":") {
            let port = host[colon...].dropFirst()
            guard let number = UInt16(port), number > 0, "\(number)" == port else {
                return "an origin's port is a number from 1 to 65535, or left out with its colon"
            }
        }
        return nil
    }
}
