internal import Events
internal import FrontDoor
internal import Telemetry
internal import Wire

/// `/api/admin/rejects`: the last refused webhooks, the reasons, and captures of them.
enum RejectsRoute {
    static let routes = [
        Route("admin/rejects", ["GET", "HEAD"], handle: list),
        Route("admin/rejects/{n}/capture", ["GET", "HEAD"], handle: capture),
    ]

    @Sendable private static func list(_ request: Request) throws -> Outcome {
        _ = try request.administrator()
        return .answer(
            .json { writer in
                writer.object { writer in
                    writer.name("rejects")
                    writer.array { writer in for entry in request.shared.rejects.all { entry.write(to: &writer) } }
                }
            })
    }

    /// The webhook as `roomwire verify` reads it.
    @Sendable private static func capture(_ request: Request) throws -> Outcome {
        _ = try request.administrator()
        guard let number = number(request.segment(2)), let found = request.shared.rejects.capture(number: number) else {
            return .answer(Problem(404, "not_found", "No refused webhook of this number is listed.").response)
        }
        guard let json = found.json else {
            return .answer(Problem(404, "not_found", sentence(found.state)).response)
        }
        return .answer(.json(200, encoded: json))
    }

    private static func number(_ text: WireText) -> Int? {
        guard (1...18).contains(text.byteCount), text.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return Int(text.string)
    }

    private static func sentence(_ state: RejectLog.CaptureState) -> String {
        switch state {
        case .kept, .dropped:
            "The capture of this webhook was dropped: the last \(Limits.captures) are kept while rejects.capture is on."
        case .tooLarge:
            "This webhook was too large to keep: at most \(Limits.captureBodyBytes) bytes of body and "
                + "\(Limits.captureHeadBytes) of headers are kept."
        case .off: "rejects.capture was off when this webhook was refused."
        case .unknownSource: "This webhook was sent to a source that is not set up, so it cannot be verified."
        }
    }
}
