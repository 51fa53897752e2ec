import Events
import TestSupport
import Testing
import Wire

@testable import Webhooks

/// Changes of rows, authenticated by a header.
struct SupabaseTests {
    private func provider(_ options: [String: String] = [:]) throws -> Supabase {
        try Supabase(settings: ProviderSettings(source: "db", secrets: ["one", "two"], options: options))
    }

    private let insert = """
        {"type":"INSERT","table":"messages","schema":"public",\
        "record":{"id":7,"room_id":"r1","author":"ada","to":5,"password":"SECRET"},"old_record":null}
        """

    @Test func columnsGiveRoomAndUsers() throws {
        let draft = try provider(["room_column": "room_id", "users_columns": "author, to"]).event(insert)
        #expect(
            draft.json == """
                {"type":"messages.insert","source":"db","provider":"supabase","room":"r1","timestamp":1790000001000,\
                "receivedAt":1790000001000,"addressed":true,"data":{"room":{"name":"r1"},"schema":"public",\
                "table":"messages","record":{"id":7,"room_id":"r1","author":"ada","to":5,"password":"[redacted]"},\
                "providerEvent":"INSERT"}}
                """)
        #expect(draft.event.users == ["ada", "5"])
        #expect(!String(decoding: draft.raw ?? [], as: UTF8.self).contains("SECRET"))
    }

    @Test func withoutColumnsThereIsNeitherRoomNorAudience() throws {
        let event = try provider().event(insert).event
        #expect(event.room == nil)
        #expect(event.users == nil)
    }

    @Test func rowThatNamesNobodyReachesNobody() throws {
        #expect(try provider(["users_columns": "missing"]).event(insert).event.users == [])
    }

    @Test func deletedRowIsReadFromTheOldRecord() throws {
        let body = #"{"type":"DELETE","table":"t","schema":"s","record":null,"old_record":{"room":"r2"}}"#
        let event = try provider(["room_column": "room"]).event(body).event
        #expect(event.type.rawValue == "t.delete")
        #expect(event.room == "r2")
    }

    private func drafts(_ body: String) throws -> [Draft] {
        let provider = try provider(["room_column": "room", "users_columns": "owner"])
        let bytes = Array(body.utf8)
        let headers = provider.sign(bytes, idempotencyKey: "", now: 1000)
        guard case .events(let drafts) = try provider.receive(WebhookRequest(headers: headers, body: bytes), now: 1000)
        else { throw UnexpectedAnswer() }
        return drafts
    }

    @Test func aRowThatMovesTellsBothRooms() throws {
        let drafts = try drafts(
            #"{"type":"UPDATE","table":"t","record":{"room":"b","n":2,"owner":"bob"},"old_record":{"room":"a","n":1,"owner":"ada"}}"#
        )
        try #require(drafts.count == 2)
        #expect(drafts.map(\.event.room) == ["a", "b"])
        #expect(drafts.map(\.event.type.rawValue) == ["t.update", "t.update"])
        #expect(drafts.map(\.event.users) == [["ada"], ["bob"]])
        // The room that is left is told nothing of the row as it is now, in its raw body neither.
        #expect(
            drafts[0].data
                == #"{"room":{"name":"a"},"table":"t","oldRecord":{"room":"a","n":1,"owner":"ada"},"moved":"out","#
                + #""providerEvent":"UPDATE"}"#)
        #expect(!String(decoding: drafts[0].raw ?? [], as: UTF8.self).contains("bob"))
        #expect(drafts[1].data.contains(#""moved":"in""#) && drafts[1].data.contains(#""record":{"room":"b""#))
        #expect(drafts[0].idempotencyKey != drafts[1].idempotencyKey)
    }

    @Test func aRowThatLeavesItsRoomForNoneTellsIt() throws {
        let drafts = try drafts(#"{"type":"UPDATE","table":"t","record":{"room":null},"old_record":{"room":"a"}}"#)
        #expect(drafts.map(\.event.room) == ["a", nil])
    }

    @Test(arguments: [
        #"{"type":"UPDATE","table":"t","record":{"room":"a"},"old_record":{"room":"a"}}"#,
        #"{"type":"UPDATE","table":"t","record":{"room":"a"},"old_record":{"id":1}}"#,
        #"{"type":"UPDATE","table":"t","record":{"room":"a"},"old_record":null}"#,
        #"{"type":"INSERT","table":"t","record":{"room":"a"},"old_record":{"room":"b"}}"#,
        #"{"type":"UPDATE","table":"t","record":null,"old_record":{"room":"b"}}"#,
    ])
    func whatDoesNotMoveIsOneEvent(_ body: String) throws {
        _ = try provider(["room_column": "room"]).event(body)
    }

    @Test(arguments: ["connected", "resync", "refused", "participant_joined", "room_started"])
    func noTableGivesAnEventATypeOfTheRelaysOwn(_ table: String) throws {
        let type = try provider().event(#"{"type":"INSERT","table":"\#(table)","record":{}}"#).event.type
        #expect(!type.isReserved && !EventType.known.contains(type))
    }

    @Test(arguments: [#"{"type":"TRUNCATE","table":"t"}"#, #"{"type":"INSERT","table":"my table"}"#, "{}"])
    func whatHasNoNameIsUnknown(_ body: String) throws {
        #expect(try provider().event(body).event.type == .unknown)
    }

    @Test func secretIsComparedWhole() throws {
        func refusal(_ name: WireText, _ value: WireText, _ options: [String: String] = [:]) throws -> Rejection? {
            let request = WebhookRequest(headers: [.init(name: name, value: value)], body: Array("{}".utf8))
            return try provider(options).refusal(request, now: 0)
        }
        #expect(try refusal("X-Webhook-Secret", "two") == nil)
        #expect(try refusal("X-Webhook-Secret", "tw")?.reason == .badSignature)
        #expect(try refusal("X-Webhook-Secret", "")?.reason == .missingHeader)
        #expect(try refusal("X-Other", "two")?.reason == .missingHeader)
        #expect(try refusal("Authorization", "Bearer two", ["header": "authorization"]) == nil)
    }

    @Test func sameChangeTwiceIsTwoEvents() throws {
        let first = try provider().event(insert, now: 1000)
        let second = try provider().event(insert, now: 2000)
        #expect(first.idempotencyKey != second.idempotencyKey)
    }
}
