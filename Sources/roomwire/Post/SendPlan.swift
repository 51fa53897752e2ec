internal import Events
internal import Webhooks
internal import Wire

/// What `send` posts, in order.
struct SendPlan {
    /// One request, not signed yet.
    struct Step {
        /// What it is called before the provider has read it.
        let name: WireText?
        let body: [UInt8]
        /// The provider's id of the event, where it stands in a header.
        let idempotencyKey: WireText
        /// Seconds to wait before it.
        let delaySeconds: Double
    }

    let steps: [Step]

    /// A meeting as the provider would tell of it. One that is played faster than in life began earlier than it is
    /// played, so that it ends when its last request is posted and no event is told before it happens.
    /// - Parameter speed: 2 is twice as fast as a real meeting.
    static func meeting(
        by provider: any Provider, room: String, speed: Double, now: WallTime
    ) -> SendPlan {
        let lengthSeconds = provider.sampleMeeting(room: room, now: now).reduce(0) { $0 + $1.delaySeconds }
        let startedAt = now - Int64(max(0, lengthSeconds * (1 - 1 / speed)) * 1000)
        return SendPlan(
            steps: provider.sampleMeeting(room: room, now: startedAt).map { step in
                Step(
                    name: nil, body: step.body, idempotencyKey: step.idempotencyKey,
                    delaySeconds: step.delaySeconds / speed)
            })
    }

    /// Captured requests.
    /// - Parameter speed: keeps the times between them, as far as the captures tell; nil posts at once.
    static func captures(_ captures: [Capture], speed: Double?) -> SendPlan {
        var last: WallTime?
        return SendPlan(
            steps: captures.map { capture in
                let gap = zip(capture.verifyAt, last).map { max(0, Double($0 - $1) / 1000) } ?? 0
                last = capture.verifyAt ?? last
                return Step(
                    name: capture.name, body: capture.request.body,
                    // The one scheme with an id outside of the body names it so: the id stays, so that the relay
                    // can tell a repetition.
                    idempotencyKey: capture.request.header("webhook-id") ?? randomID(),
                    delaySeconds: speed.map { gap / $0 } ?? 0)
            })
    }

    private static func zip(_ one: WallTime?, _ other: WallTime?) -> (WallTime, WallTime)? {
        guard let one, let other else { return nil }
        return (one, other)
    }

    private static func randomID() -> WireText {
        "msg_\(Hex.text((0..<12).map { _ in UInt8.random(in: 0...255) }))"
    }
}
