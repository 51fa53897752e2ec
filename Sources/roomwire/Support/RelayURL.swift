internal import ArgumentParser
internal import Foundation
internal import Settings

/// The option for the address of the relay.
struct RelayURLOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The address of the relay. Default: ROOMWIRE_URL, else the first of listen: http://127.0.0.1:3001.",
            valueName: "url"))
    var url: String?

    /// The address from the option or the environment; nil if the settings decide.
    var chosen: String? {
        [url, SettingsOptions.environment["ROOMWIRE_URL"]].compactMap { $0 }.first { !$0.isEmpty }
    }

    /// The address of the API without a slash at the end.
    func api(_ settings: Settings) throws(Failure) -> RelayURL {
        if let chosen { return try RelayURL(chosen, prefix: settings.pathPrefix) }
        let address = Self.reachable(settings)
        let scheme = address.isSecure ? "https" : "http"
        return try RelayURL("\(scheme)://\(address.authority)", prefix: settings.pathPrefix)
    }

    /// The address to connect to for an address to listen on: a relay that listens on all addresses is reached on
    /// loopback.
    private static func reachable(_ settings: Settings) -> ListenAddress {
        // Prefer an address without TLS: certificates rarely name loopback addresses.
        let address =
            settings.listen.first { !$0.isSecure } ?? settings.listen.first
            ?? ListenAddress(host: "127.0.0.1", port: 3001)
        switch address.host {
        case "0.0.0.0": return ListenAddress(host: "127.0.0.1", port: address.port, isSecure: address.isSecure)
        case "::": return ListenAddress(host: "::1", port: address.port, isSecure: address.isSecure)
        default: return address
        }
    }
}

/// The address of a relay's API.
struct RelayURL {
    /// The address without a slash at the end, `http://127.0.0.1:3001/api`.
    let text: String
    /// True if the host is this machine.
    let isLocal: Bool

    /// The API at a relay's address, which may include the prefix.
    init(_ base: String, prefix: String) throws(Failure) {
        let trimmed = base.hasSuffix("/") ? String(base.dropLast()) : base
        guard let parts = URLComponents(string: trimmed), let host = parts.host, !host.isEmpty,
            parts.scheme == "http" || parts.scheme == "https", parts.query == nil, parts.fragment == nil
        else { throw .invalid("--url should be the relay's address, as in http://127.0.0.1:3001, not \(base)") }
        text = !prefix.isEmpty && trimmed.hasSuffix(prefix) ? trimmed : trimmed + prefix
        isLocal = ["localhost", "::1", "[::1]"].contains(host) || host.hasPrefix("127.")
    }

    /// The URL of a path in the API, as text.
    func address(_ path: String) throws(Failure) -> String { try url(path).absoluteString }

    /// The URL of a path in the API.
    /// - Parameter path: percent-encoded.
    func url(_ path: String) throws(Failure) -> URL {
        guard let url = URL(string: text + path) else { throw .invalid("\(text)\(path) is not a URL") }
        return url
    }
}
