import Events
import Wire

@testable import API

/// A webhook for each reason to refuse one.
enum RefusedWebhooks {
    private static let body = Array(#"{"event":"room_started","room":{"sid":"RM_1","name":"hall"},"id":"1"}"#.utf8)
    private static let day: Int64 = 86_400_000

    static let cases: [RefusedCase] = [
        RefusedCase("webhook", "unknown_source", 404) { try post(to: "other") { _ in [] } },
        RefusedCase("webhook", "missing_header", 401) { try post { _ in [] } },
        RefusedCase("webhook", "malformed_header", 401) { try post { _ in [("authorization", "no token")] } },
        RefusedCase("webhook", "unknown_key", 401) {
            try post { _ in
                let token = try StageProps().forged(#"{"iss":"strange","exp":4000000000,"sha256":"AAAA"}"#)
                return [("authorization", token)]
            }
        },
        RefusedCase("webhook", "bad_signature", 401) {
            try post { _ in
                let token = try StageProps().forged(#"{"iss":"devkey","exp":4000000000,"sha256":"AAAA"}"#)
                return [("authorization", token)]
            }
        },
        RefusedCase("webhook", "body_mismatch", 401) {
            try post { try $0.signature(Array("another".utf8), id: "1", of: "calls") }
        },
        RefusedCase("webhook", "expired", 401) {
            try post { try $0.signature(body, id: "1", of: "calls", aheadMilliseconds: -day) }
        },
        RefusedCase("webhook", "not_yet_valid", 401) {
            try post { try $0.signature(body, id: "1", of: "calls", aheadMilliseconds: day) }
        },
        RefusedCase("webhook", "malformed_body", 400) {
            try post(body: Array("[]".utf8)) { try $0.signature(Array("[]".utf8), id: "1", of: "calls") }
        },
    ]

    private static func post(
        to source: String = "calls", body: [UInt8] = body,
        _ headers: (APIStage) throws -> [(name: WireText, value: WireText)]
    ) throws -> TestExchange {
        let stage = try APIStage(StageProps())
        return try stage.send("POST", "/api/webhooks/\(source)", headers: headers(stage), body: body)
    }
}
