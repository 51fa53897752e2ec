/// Why a webhook was refused, in words that help the operator and give an attacker no information.
package struct Rejection: Error, Sendable, Equatable {
    /// The kind of reason: in the problem body, the log line and the metric alike.
    package enum Reason: String, Sendable, CaseIterable {
        case missingHeader = "missing_header"
        case malformedHeader = "malformed_header"
        case unknownKey = "unknown_key"
        case badSignature = "bad_signature"
        case bodyMismatch = "body_mismatch"
        case expired
        case notYetValid = "not_yet_valid"
        /// The signature is valid, but the body is not JSON or not of the provider's shape.
        case malformedBody = "malformed_body"
    }

    /// The kind of reason.
    package let reason: Reason
    /// One sentence. It may name a header and a clock skew, never a secret, a token or an expected value.
    package let detail: String
    /// For `expired` and `not_yet_valid`: how far the sender's time differs from the relay's, in seconds; positive is
    /// ahead.
    package let skewSeconds: Double?

    /// A refusal.
    package init(_ reason: Reason, _ detail: String, skewSeconds: Double? = nil) {
        self.reason = reason
        self.detail = detail
        // Clocks are not reported more finely than in milliseconds.
        self.skewSeconds = skewSeconds.map { ($0 * 1000).rounded() / 1000 }
    }

    /// 400 after a good signature, else 401.
    package var status: Int { reason == .malformedBody ? 400 : 401 }
}
