internal import Crypto
internal import Events

/// What streams are opened with: where, and as whom.
struct StreamTarget {
    /// Where.
    let endpoint: Endpoint
    /// Addresses 127.0.0.x to come from, x from 2; 0 or a server elsewhere leave it to the system.
    let addresses: Int
    /// Headers that all send.
    let headers: [(name: String, value: String)]
    /// A token for each stream, by its number; empty if they send none.
    let tokens: [String]

    /// The request of a stream.
    func request(for index: Int, lastEventID: String?) -> [UInt8] {
        var headers = [("Accept", "text/event-stream")] + headers
        if !tokens.isEmpty { headers.append(("Authorization", "Bearer \(tokens[index % tokens.count])")) }
        if let lastEventID { headers.append(("Last-Event-ID", lastEventID)) }
        return endpoint.head("GET", headers: headers)
    }

    /// The last number of the address a stream comes from.
    func source(for index: Int) -> UInt8? {
        endpoint.isLoopback && addresses > 0 ? UInt8(2 + index % addresses) : nil
    }
}

/// Tokens of roomwire's own issuer, a user for each stream, so that caps per user are not met.
enum StreamTokens {
    /// Tokens for `count` streams that live for a day.
    static func mint(_ count: Int, secret: String, now: EpochMilliseconds) -> [String] {
        let key = SymmetricKey(data: Array(secret.utf8))
        let header = Base64.url.text(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
        return (0..<count).map { index in
            let claims = JSONWriter.bytes { writer in
                writer.object { writer in
                    writer.member("sub", "listener-\(index)")
                    writer.member("iat", now / 1000)
                    writer.member("exp", now / 1000 + 86_400)
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
