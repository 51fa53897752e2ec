import Access
import Events
import Foundation
import Journal
import Platform
import TestSupport
import Wire

@testable import API

/// A request for each of the other reasons to refuse one.
enum RefusedRequests {
    private static let order = Array(#"{"user":"eve"}"#.utf8)

    static let cases: [RefusedCase] = [
        RefusedCase("request", "malformed_request", 400) { try ask("GET", "*") },
        RefusedCase("request", "not_found", 404) { try ask("GET", "/api/nothing") },
        RefusedCase("request", "method_not_allowed", 405) { try ask("PUT", "/api/events") },
        RefusedCase("request", "bad_query", 400) { try ask("GET", "/api/events?limit=0") },
        RefusedCase("request", "bad_request", 400) { try ask("POST", "/api/admin/revoke") },
        RefusedCase("request", "not_acceptable", 406) {
            try ask("GET", "/api/events", headers: [("accept", "image/png")])
        },
        RefusedCase("request", "draining", 503) {
            try ask("POST", "/api/webhooks/app") { $0.shared.beginDraining() }
        },
        RefusedCase("request", "overloaded", 503) {
            let body = Array(#"{"type":"tick"}"#.utf8)
            let stage = try APIStage(StageProps())
            stage.writer.stop()
            return try stage.send("POST", "/api/webhooks/app", headers: stage.signature(body, id: "1"), body: body)
        },
        RefusedCase("request", "journal_unavailable", 503) {
            let stage = try APIStage(StageProps())
            stage.journal.fails = true
            return try stage.post()
        },
        RefusedCase("request", "busy", 503) {
            let stage = try APIStage(StageProps(), silentLoops: 1)
            // The stream would be on the second loop.
            let exchange = try stage.send("DELETE", "/api/admin/streams/2", token: stage.props.token(admin: true))
            stage.api?.tick(now: .now() + Limits.gatherMilliseconds - 1000)
            precondition(!exchange.hasEnded, "the loop still has time to answer")
            stage.api?.tick(now: .now() + Limits.gatherMilliseconds)
            return exchange
        },
        RefusedCase("request", "too_many_tickets", 429) {
            try ask("POST", "/api/tickets") { stage in
                for _ in 0..<Limits.waitingUserTickets {
                    let issued = try stage.send("POST", "/api/tickets", token: stage.props.token(admin: true))
                    precondition(issued.status == 201, "as many tickets are issued as may wait")
                }
            }
        },
        RefusedCase("request", "too_many_revocations", 503) {
            try ask("POST", "/api/admin/revoke", body: order) { stage in
                for number in 0..<Limits.revocations {
                    let user = Revocations.Subject.user("user \(number)")
                    _ = stage.shared.revocations.revoke(user, until: Revocations.untilLifted, now: 0)
                }
            }
        },
        RefusedCase("request", "not_kept", 503) {
            try ask("POST", "/api/admin/revoke", body: order) { stage in
                try FileManager.default.removeItem(atPath: stage.folder.path)
            }
        },
    ]

    private static func ask(
        _ method: String, _ target: String, headers: [(name: WireText, value: WireText)] = [], body: [UInt8] = [],
        _ prepare: (APIStage) throws -> Void = { _ in }
    ) throws -> TestExchange {
        let stage = try APIStage(StageProps())
        try prepare(stage)
        let exchange = try stage.send(
            method, target, token: stage.props.token(admin: true), headers: headers, body: body)
        try stage.workUntilAnswered(exchange)
        return exchange
    }
}
