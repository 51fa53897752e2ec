import Access
import Events
import Journal
import Platform
import Wire

@testable import API

/// A request for each reason to refuse a stream or a list to a client whose token is good.
enum RefusedStreams {
    static let cases: [RefusedCase] =
        caps + [
            RefusedCase("stream", "draining", 503) {
                try ask("/api/events") { $0.shared.beginDraining() }
            },
            RefusedCase("stream", "busy", 503) {
                try ask("/api/events?tail=1") { $0.reader.stop() }
            },
            RefusedCase("stream", "answers", 429, says: "too_many_answers") {
                try ask("/api/rooms") { stage in
                    let ada = Principal(issuer: "own", user: "ada")
                    for _ in 0..<Limits.userAnswers { stage.shared.answers.withLock { $0.begin(of: ada) } }
                }
            },
            RefusedCase("stream", "unsent", 503, says: "busy") {
                try ask("/api/events?format=json&lastEventId=0") { stage in
                    try stage.post()
                    _ = stage.shared.answers.withLock { $0.reserve(Limits.unsentAnswerBytes, isKnown: true) }
                }
            },
        ]

    private static let caps: [RefusedCase] = [
        cap("per_user", StreamCapSettings(perUser: 1)),
        cap("per_address", StreamCapSettings(perUser: 0, perAddress: 1)),
        cap("total", StreamCapSettings(perUser: 0, total: 1)),
        cap("rate", StreamCapSettings(perUser: 0, newPerSecond: 1)),
    ]

    private static func cap(_ reason: WireText, _ caps: StreamCapSettings) -> RefusedCase {
        RefusedCase("stream cap", reason, 429) {
            try ask("/api/events", caps: caps) { stage in
                try stage.send("GET", "/api/events", token: stage.props.token())
            }
        }
    }

    private static func ask(
        _ target: String, caps: StreamCapSettings = StreamCapSettings(), _ prepare: (APIStage) throws -> Void
    ) throws -> TestExchange {
        let stage = try APIStage(StageProps(), caps: caps)
        try prepare(stage)
        let exchange = try stage.send("GET", target, token: stage.props.token())
        try stage.workUntilAnswered(exchange)
        return exchange
    }
}
