internal import Crypto
internal import Wire

/// What streams are opened with: where, and as whom.
struct StreamTarget {
    /// How it goes from process to process.
    struct Description: Codable {
        /// Where.
        let url: Template
        /// Addresses 127.0.0.x to come from, x from 2; 0 or a server elsewhere leave it to the system.
        let addresses: Int
        /// Headers that all send.
        let headers: [HeaderTemplate]
        /// A token that all send.
        let token: String?
        /// What to mint a token for each stream with.
        let tokenSecret: String?
        /// How TLS is spoken, if the URL is an `https:` one.
        let tls: TLSSettings
    }

    /// Where.
    let route: Route
    private let description: Description
    /// What all requests begin with.
    private let head: Template
    private let audience: Audience
    private let firstStream: Int
    /// A token for each stream from the first; empty if they send none.
    private let tokens: [String]

    /// For the streams with these numbers; fails if the URL is none, or TLS cannot be spoken.
    init(_ description: Description, for streams: Range<Int>, of audience: Audience, now: WallTime) throws {
        guard let endpoint = Endpoint(description.url) else {
            throw ScenarioError(sentence: "\(description.url.text) is no http: or https: URL")
        }
        route = try Route(to: endpoint, description.tls)
        let accept = HeaderTemplate(name: "Accept", value: "text/event-stream")
        head = endpoint.head("GET", headers: [accept] + description.headers)
        self.description = description
        self.audience = audience
        firstStream = streams.lowerBound
        // Beforehand, so that it does not slow down those who connect.
        tokens = description.tokenSecret.map { StreamTokens.mint(streams, secret: $0, now: now) } ?? []
    }

    /// The request of a stream.
    func request(for stream: Int, lastEventID: String?) -> [UInt8] {
        var request = head.filled([
            .n: String(stream), .room: Audience.name(of: audience.room(of: stream)), .user: Audience.user(of: stream),
        ])
        if let token = tokens.isEmpty ? description.token : tokens[stream - firstStream] {
            request += "Authorization: Bearer \(token)\r\n"
        }
        if let lastEventID { request += "Last-Event-ID: \(lastEventID)\r\n" }
        return Array((request + "\r\n").utf8)
    }

    /// The last number of the address a stream comes from.
    func source(for stream: Int) -> UInt8? {
        route.endpoint.isLoopback && description.addresses > 0 ? UInt8(2 + stream % description.addresses) : nil
    }
}

/// Tokens of roomwire's own issuer, a user for each stream, so that caps per user are not met.
enum StreamTokens {
    /// Tokens for streams, that live for a day.
    static func mint(_ streams: Range<Int>, secret: String, now: WallTime) -> [String] {
        let key = SymmetricKey(data: Array(secret.utf8))
        let header = Base64.url.text(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
        return streams.map { stream in
            let claims = JSONWriter.bytes { writer in
                writer.object { writer in
                    writer.member("sub", Audience.user(of: stream))
                    writer.member("iat", now.milliseconds / 1000)
                    writer.member("exp", now.milliseconds / 1000 + 86_400)
                    writer.name("roomwire")
                    writer.encoded(Array(#"{"rooms":["*"]}"#.utf8))
                }
            }
            let signed = header + "." + Base64.url.text(claims)
            let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key)
            return signed + "." + Base64.url.text(Array(code))
        }
    }
}
