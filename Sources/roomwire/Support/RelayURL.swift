internal import ArgumentParser
internal import Foundation
internal import Settings

/// The flag that says which relay to talk to.
struct RelayURLOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the relay is. Default: ROOMWIRE_URL, else the first listen address: http://127.0.0.1:3001.",
            valueName: "url"))
    var url: String?

    /// What was chosen by flag or environment; nil leaves it to the settings.
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

    /// An address to listen on as one to connect to: a relay that listens on all addresses is on this machine too.
    private static func reachable(_ settings: Settings) -> ListenAddress {
        // Without TLS if there is a choice: a certificate seldom names a loopback address.
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

/// Where the relay's API is.
struct RelayURL {
    /// The address without a slash at the end, `http://127.0.0.1:3001/api`.
    let text: String
    /// Whether it is this machine.
    let isLocal: Bool

    /// The API at a relay's address; the address may name the prefix itself.
    init(_ base: String, prefix: String) throws(Failure) {
        let trimmed = base.hasSuffix("/") ? String(base.dropLast()) : base
        guard let parts = URLComponents(string: trimmed), let host = parts.host, !host.isEmpty,
            parts.scheme == "http" || parts.scheme == "https", parts.query == nil, parts.fragment == nil
        else { throw .invalidInput("--url should be the relay's address, as in http://127.0.0.1:3001, not \(base)") }
        text = !prefix.isEmpty && trimmed.hasSuffix(prefix) ? trimmed : trimmed + prefix
        isLocal = ["localhost", "::1", "[::1]"].contains(host) || host.hasPrefix("127.")
    }

    /// The same as text.
    func address(_ path: String) throws(Failure) -> String { try url(path).absoluteString }

    /// The URL of something in the API; `path` is escaped already.
    func url(_ path: String) throws(Failure) -> URL {
        guard let url = URL(string: text + path) else { throw .invalidInput("\(text)\(path) is no URL") }
        return url
    }
}
