import Access
import Events
import FrontDoor
import TestSupport
import Wire

@testable import API

/// A request for each reason to refuse a token or ticket.
enum RefusedTokens {
    static let cases: [RefusedCase] = [
        RefusedCase("token", "missing_token", 401) { try ask(StageProps(), nil) },
        RefusedCase("token", "malformed_token", 401) { try ask(StageProps(), "no token") },
        RefusedCase("token", "unknown_issuer", 401) {
            let props = try StageProps(issuer: "https://app.example.com")
            return try ask(props, props.forged(#"{"iss":"https://other.example.com","sub":"ada","exp":4000000000}"#))
        },
        RefusedCase("token", "unknown_key", 401) { try ask(StageProps(awaitsKeys: true), unknownKey) },
        RefusedCase("token", "keys_unavailable", 503) {
            try ask(StageProps(awaitsKeys: true), unknownKey) { $0.keys.answers = [.unavailable(retryAfterSeconds: 7)] }
        },
        RefusedCase("token", "algorithm_not_allowed", 401) {
            let props = try StageProps()
            return try ask(props, props.forged(#"{"sub":"ada","exp":4000000000}"#, header: #"{"alg":"ES256"}"#))
        },
        RefusedCase("token", "bad_signature", 401) {
            let props = try StageProps()
            return try ask(props, WireText("\(props.token())".dropLast(4) + "AAAA"))
        },
        RefusedCase("token", "expired", 401) {
            let props = try StageProps()
            return try ask(props, props.token(ttlSeconds: -3600))
        },
        RefusedCase("token", "not_yet_valid", 401) {
            let props = try StageProps()
            return try ask(props, props.forged(#"{"sub":"ada","nbf":3999999999,"exp":4000000000}"#))
        },
        RefusedCase("token", "no_expiry", 401) {
            let props = try StageProps()
            return try ask(props, props.forged(#"{"sub":"ada"}"#))
        },
        RefusedCase("token", "wrong_audience", 401) {
            let props = try StageProps(audience: "rooms")
            return try ask(props, props.forged(#"{"sub":"ada","aud":"other","exp":4000000000}"#))
        },
        RefusedCase("token", "wrong_token_kind", 401) {
            let props = try StageProps()
            return try ask(props, props.forged(#"{"sub":"ada","sha256":"AAAA","exp":4000000000}"#))
        },
        RefusedCase("token", "grant_covers_nothing", 403) {
            let props = try StageProps()
            return try ask(props, props.token(rooms: PatternSet(["hall"])), "/api/rooms?room=other")
        },
        RefusedCase("token", "revoked", 401) {
            let props = try StageProps()
            return try ask(props, props.token("eve")) { stage in
                _ = stage.shared.revocations.revoke(.user("eve"), until: Revocations.untilLifted, now: 0)
            }
        },
        RefusedCase("token", "unknown_ticket", 401) { try ask(StageProps(), nil, "/api/events?ticket=none") },
        RefusedCase("token", "too_many_failures", 429) {
            let props = try StageProps()
            let forged = WireText("\(props.token())".dropLast(4) + "AAAA")
            return try ask(props, forged) { stage in
                for _ in 0..<2000 where try stage.send("GET", "/api/rooms", token: forged).status == 401 {}
            }
        },
    ]

    /// A token that names a key which is not known.
    static let unknownKey = WireText(
        Base64.url.text(Array(#"{"alg":"ES256","kid":"1"}"#.utf8)) + "."
            + Base64.url.text(Array(#"{"sub":"ada","exp":4000000000}"#.utf8)) + ".AAAA")

    private static func ask(
        _ props: StageProps, _ token: WireText?, _ target: String = "/api/rooms",
        _ prepare: (APIStage) throws -> Void = { _ in }
    ) throws -> TestExchange {
        let stage = try APIStage(props)
        try prepare(stage)
        return try stage.send("GET", target, token: token)
    }
}
