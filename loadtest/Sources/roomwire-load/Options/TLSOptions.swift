internal import ArgumentParser

/// The flags for servers with `https:` URLs.
struct TLSOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Trust the CA certificates in this file, PEM, and no others, on https: URLs.", valueName: "file"))
    var caFile: String?

    @Flag(help: "Trust any certificate on https: URLs.")
    var insecure = false

    @Flag(help: "Let streams that come back make a new TLS session, instead of resuming theirs.")
    var noResumption = false

    func validate() throws {
        if caFile != nil, insecure {
            throw ValidationError("--insecure trusts anybody: --ca-file is of no use with it.")
        }
    }

    /// The same for connections.
    var settings: TLSSettings { TLSSettings(caFile: caFile, isInsecure: insecure, resumes: !noResumption) }
}
