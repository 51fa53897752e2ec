/// Where connections go, and what is spoken on the way there.
struct Route {
    /// Where.
    let endpoint: Endpoint
    /// TLS, if the URL is an `https:` one.
    let tls: TLSClient?

    /// The way to an endpoint; fails if the certificates to trust cannot be read.
    init(to endpoint: Endpoint, _ settings: TLSSettings) throws(TLSFault) {
        self.endpoint = endpoint
        tls = endpoint.isSecure ? try TLSClient(settings, host: endpoint.host) : nil
    }
}
