internal import ArgumentParser
internal import Fetch

/// The option for the certificates that are trusted.
struct WebOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Certificates in PEM that are trusted instead of the system's. Default: SSL_CERT_FILE, else the system's.",
            valueName: "file"))
    var caFile: String?

    /// What the servers' certificates are checked against.
    func certificates() throws(Failure) -> TrustedCertificates {
        // Read first, because libcurl does not say why it cannot read a file.
        if let caFile { _ = try InputFile.bytes(caFile) }
        return TrustedCertificates(file: caFile, environment: SettingsOptions.environment)
    }
}

extension WebFailure {
    /// The problem, as a clause.
    var sentence: String {
        switch self {
        case .noSuchHost: "the host's name has no address"
        case .noConnection: "no server listens there"
        case .timedOut: "it did not answer in time"
        case .broken: "the connection broke"
        case .untrusted(let problem):
            "TLS failed: \(Terminal.harmless(problem)) (--ca-file names certificates to trust)"
        case .other(let problem): Terminal.harmless(problem)
        }
    }
}
