internal import Events
internal import Webhooks
internal import Wire

/// What `send` posts, in order.
struct SendPlan {
    /// One request, not signed yet.
    struct Step {
        /// The capture's name, shown if the provider cannot read the body.
        let name: WireText?
        let body: [UInt8]
        /// The provider's id of the event, for providers that send it in a header.
        let idempotencyKey: WireText
        /// Seconds to wait before it.
        let delaySeconds: Double
    }

    let steps: [Step]

    /// A meeting as the provider would report it. At a higher speed its events are dated back, so that the meeting ends
    /// when its last request is posted and no event is dated in the future.
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
    /// - Parameter speed: divides the times between them, if the captures have times; nil posts without waits.
    static func captures(_ captures: [Capture], speed: Double?) -> SendPlan {
        var last: WallTime?
        return SendPlan(
            steps: captures.map { capture in
                let gap = zip(capture.verifyAt, last).map { max(0, Double($0 - $1) / 1000) } ?? 0
                last = capture.verifyAt ?? last
                return Step(
                    name: capture.name, body: capture.request.body,
                    // Standard Webhooks have the id in this header. It is kept, so that the relay recognises a
                    // duplicate.
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
