internal import ArgumentParser
internal import Fetch

/// The flag that says whose certificates are trusted.
struct WebOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Certificates in PEM that are trusted instead of the system's. Default: SSL_CERT_FILE, else the system's.",
            valueName: "file"))
    var caFile: String?

    /// What the servers' certificates are checked against.
    func certificates() throws(Failure) -> TrustedCertificates {
        // libcurl says less well what is wrong with a file.
        if let caFile { _ = try InputFile.bytes(caFile) }
        return TrustedCertificates(file: caFile, environment: SettingsOptions.environment)
    }
}

extension WebFailure {
    /// What went wrong, as half a sentence.
    var sentence: String {
        switch self {
        case .noSuchHost: "there is no such host"
        case .noConnection: "nobody listens there"
        case .timedOut: "no answer in time"
        case .broken: "the connection broke"
        case .untrusted(let problem):
            "TLS failed: \(Terminal.harmless(problem)) (--ca-file names certificates to trust)"
        case .tooLarge: "the answer is too large"
        case .other(let problem): Terminal.harmless(problem)
        }
    }
}
