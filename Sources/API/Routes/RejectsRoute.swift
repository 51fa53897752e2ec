internal import Events
internal import FrontDoor
internal import Telemetry
internal import Wire

/// `GET /api/admin/rejects`: the last webhooks that were refused, and why.
enum RejectsRoute {
    static let routes = [Route("admin/rejects", ["GET", "HEAD"], handle: list)]

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
}
