import Events
import Fanout
import Journal
import Telemetry
import Testing
import Wire

@testable import API

/// How webhooks are answered.
@Suite struct WebhookRouteTests {
    private static let body = Array(#"{"type":"tick","room":"hall"}"#.utf8)

    @Test func theAnswerComesAfterTheCommit() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let first = try stage.send(
            "POST", "/api/webhooks/app", headers: stage.signature(Self.body, id: "1"), body: Self.body)
        #expect(stage.api?.isQuiet == false || first.hasEnded)
        try stage.workUntilAnswered(first)
        #expect(first.status == 200 && stage.api?.isQuiet == true)
        #expect(try stage.journal.extent().head != .zero)
    }

    @Test func aDuplicateIsAnsweredAsTheFirstOne() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        #expect(try stage.post(id: "1").status == 200)
        let head = stage.hub.head
        #expect(try stage.post(id: "1").status == 200)
        #expect(stage.hub.head == head)
    }

    @Test func aSourceThatThereIsNotIsUnknown() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let exchange = try stage.send("POST", "/api/webhooks/other", body: Self.body)
        #expect(exchange.status == 404 && exchange.reason == "unknown_source")
        #expect(stage.shared.rejects.all.count == 1)
    }

    @Test func aWebhookWithABadSignatureIsRefusedAndListed() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        let headers = try stage.signature(Array("another body".utf8), id: "1")
        let exchange = try stage.send("POST", "/api/webhooks/app", headers: headers, body: Self.body)
        #expect(exchange.status == 401)
        let list = try stage.send("GET", "/api/admin/rejects", token: props.token(admin: true))
        #expect(list.text.contains(#""reason":"\#(try #require(exchange.reason))""#))
    }

    @Test func aJournalThatTakesNothingIsAReasonToComeBack() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        stage.journal.fails = true
        let failed = try stage.post(id: "1")
        #expect(failed.status == 503 && failed.reason == "journal_unavailable")
        #expect(failed.header("Retry-After") == "1")
        stage.writer.stop()
        let refused = try stage.send(
            "POST", "/api/webhooks/app", headers: stage.signature(Self.body, id: "2"), body: Self.body)
        #expect(refused.status == 503 && refused.reason == "overloaded")
        #expect(stage.api?.isQuiet == true)
    }

    @Test func aRelayThatStopsTakesNoWebhooks() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        stage.shared.beginDraining()
        let exchange = try stage.send(
            "POST", "/api/webhooks/app", headers: stage.signature(Self.body, id: "1"), body: Self.body)
        #expect(exchange.status == 503 && exchange.reason == "draining")
    }

    @Test func onlyWebhooksOfSourcesMayBeLarge() throws {
        let props = try StageProps()
        let stage = try APIStage(props)
        #expect(stage.api?.isWebhook(target: Array("/api/webhooks/app".utf8)) == true)
        for target in ["/api/webhooks/other", "/api/tickets", "/webhooks/app", "%"] {
            #expect(stage.api?.isWebhook(target: Array(target.utf8)) == false, "\(target)")
        }
    }
}
