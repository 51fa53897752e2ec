import Access
import Events
import Wire

@testable import API

/// A request for each reason to refuse a membership to a client whose token is good.
enum RefusedPresence {
    static let cases: [RefusedCase] = [
        RefusedCase("presence", "presence_not_granted", 403) {
            let stage = try APIStage(StageProps())
            return try answer(stage, "GET", "/api/events?presence=hall", token: stage.props.token())
        },
        RefusedCase("presence", "room_not_covered", 403) {
            let stage = try APIStage(StageProps())
            let token = stage.props.token(rooms: PatternSet(["hall"]), presence: true)
            return try answer(stage, "PUT", "/api/presence/other", token: token)
        },
        RefusedCase("presence", "clients_source_taken", 403) {
            try hold("hall", stage: APIStage(StageProps(), source: "clients"))
        },
        RefusedCase("presence", "too_many_presence_rooms", 400) {
            try hold("hall&presence=other", stage: APIStage(StageProps(), members: MemberSettings(roomsPerStream: 1)))
        },
        RefusedCase("presence", "too_many_rooms", 429) {
            let stage = try APIStage(StageProps(), members: MemberSettings(roomsPerUser: 1))
            _ = try hold("hall", stage: stage)
            return try hold("other", stage: stage)
        },
        RefusedCase("presence", "room_members_full", 429) {
            let stage = try APIStage(StageProps(), members: MemberSettings(membersPerRoom: 1))
            _ = try hold("hall", stage: stage)
            return try hold("hall", user: "grace", stage: stage)
        },
        RefusedCase("presence", "too_many_updates", 429) {
            let stage = try APIStage(StageProps(), members: MemberSettings(updatesPerSecond: 1))
            _ = try hold("hall", stage: stage)
            for number in 0..<1000 {
                let exchange = try put(#"{"state":{"number":\#(number)}}"#, stage: stage)
                if exchange.status != 200 { return exchange }
            }
            preconditionFailure("a state may be changed as often as a client likes")
        },
        RefusedCase("presence", "not_present", 409) {
            try put(#"{"state":{}}"#, stage: APIStage(StageProps()))
        },
        RefusedCase("presence", "state_not_object", 400) {
            try put(#"{"state":1}"#, stage: APIStage(StageProps()))
        },
        RefusedCase("presence", "state_too_large", 413) {
            let text = String(repeating: "x", count: Limits.memberStateBytes)
            return try put(#"{"state":{"text":"\#(text)"}}"#, stage: APIStage(StageProps()))
        },
    ]

    private static func hold(_ rooms: String, user: WireText = "ada", stage: APIStage) throws -> TestExchange {
        try answer(
            stage, "GET", "/api/events?presence=\(rooms)", token: stage.props.token(user, presence: true))
    }

    private static func put(_ body: String, stage: APIStage) throws -> TestExchange {
        try answer(
            stage, "PUT", "/api/presence/hall", token: stage.props.token(presence: true), body: Array(body.utf8))
    }

    private static func answer(
        _ stage: APIStage, _ method: String, _ target: String, token: WireText, body: [UInt8] = []
    ) throws -> TestExchange {
        let exchange = try stage.send(method, target, token: token, body: body)
        try stage.workUntilAnswered(exchange)
        return exchange
    }
}
