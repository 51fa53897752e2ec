/// Why somebody may not read, in words that help whoever made the token and tell an attacker nothing.
package struct AccessRefusal: Error, Sendable, Equatable {
    /// The reason's class: in the problem body, the log line and the metric alike.
    package enum Reason: String, Sendable, CaseIterable {
        case missingToken = "missing_token"
        /// Not a token, or a claim in it has the wrong shape.
        case malformedToken = "malformed_token"
        case unknownIssuer = "unknown_issuer"
        /// The issuer is known, but none of its keys has the token's `kid`: new keys may have to be fetched.
        case unknownKey = "unknown_key"
        /// The token may be good, but its issuer's keys cannot be fetched at the moment.
        case keysUnavailable = "keys_unavailable"
        case algorithmNotAllowed = "algorithm_not_allowed"
        case badSignature = "bad_signature"
        case expired
        case notYetValid = "not_yet_valid"
        case noExpiry = "no_expiry"
        case wrongAudience = "wrong_audience"
        /// A good token made for something else, such as one that signs a webhook.
        case wrongTokenKind = "wrong_token_kind"
        /// The token is good, but its grant covers nothing of what was asked for.
        case grantCoversNothing = "grant_covers_nothing"
        case revoked
        /// No such ticket: used already, too old, or never issued.
        case unknownTicket = "unknown_ticket"
        /// It is no good, or was not verified, and too many bad tokens or tickets came before it.
        case tooManyFailures = "too_many_failures"
    }

    /// The reason's class.
    package let reason: Reason
    /// One sentence. It may name a claim or a setting, never a secret, nor anything out of the token.
    package let detail: String
    /// The issuer's name in the settings, where it is known.
    package let issuer: String?
    /// When to try again, where that helps.
    package let retryAfterSeconds: Int?

    /// A refusal.
    package init(_ reason: Reason, _ detail: String, issuer: String? = nil, retryAfterSeconds: Int? = nil) {
        self.reason = reason
        self.detail = detail
        self.issuer = issuer
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// 403 where the grant covers nothing asked for, 429 and 503 where trying later helps, else 401.
    package var status: Int {
        switch reason {
        case .grantCoversNothing: 403
        case .tooManyFailures: 429
        case .keysUnavailable: 503
        default: 401
        }
    }

    /// True when it is the fault of the token or ticket that was shown, so that showing another may be a guess.
    package var isFailedAttempt: Bool {
        switch reason {
        case .missingToken, .grantCoversNothing, .tooManyFailures, .keysUnavailable: false
        default: true
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750, section 3), which names an error only if a token was sent.
    package var challenge: String {
        switch reason {
        case .missingToken: #"Bearer realm="roomwire""#
        case .grantCoversNothing: #"Bearer realm="roomwire", error="insufficient_scope""#
        default: #"Bearer realm="roomwire", error="invalid_token""#
        }
    }
}
