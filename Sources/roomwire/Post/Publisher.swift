internal import ArgumentParser
internal import Events
internal import Fetch
internal import Webhooks
internal import Wire

/// Publishes an event as a client does, and says what the relay answers.
struct Publisher {
    let url: String
    let token: String
    let body: [UInt8]
    let idempotencyKey: String?
    let certificates: TrustedCertificates

    /// Publishes the event so many times, one after another, and prints a line for each.
    /// - Throws: ``Failure`` if the relay cannot be reached, and an exit code if it refused any.
    func publish(times: Int) async throws {
        let poster = Poster(url: url, trusting: certificates)
        var hasFailed = false
        for _ in 0..<times {
            do {
                let answer = try await poster.post(body, headers: headers)
                hasFailed = hasFailed || !answer.isAccepted
                Terminal.line(Self.line(answer))
            } catch let failure as WebFailure {
                throw Failure.refused("cannot reach the relay at \(url): \(failure.sentence)")
            }
        }
        if hasFailed { throw ExitCode(1) }
    }

    /// A key of its own for each call, so that a repetition after a broken connection is the same event.
    private var headers: [WebhookRequest.Header] {
        let key = idempotencyKey ?? Hex.text((0..<16).map { _ in UInt8.random(in: 0...255) })
        return [
            .init(name: "Content-Type", value: "application/json"),
            .init(name: "Authorization", value: WireText("Bearer \(token)")),
            .init(name: "Idempotency-Key", value: WireText(key)),
        ]
    }

    /// Status, and the event's id or what the relay said against it.
    private static func line(_ answer: Poster.Answer) -> String {
        let object = try? JSONReader.value(answer.body).object
        let about =
            answer.isAccepted
            ? object?["id"]?.string?.string ?? "ephemeral" : HTTPText.problemSentence(answer.body) ?? "refused"
        return Terminal.harmless("\(answer.status)  \(about)")
    }
}
