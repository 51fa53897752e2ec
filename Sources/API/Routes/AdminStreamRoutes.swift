internal import Access
internal import Events
internal import FrontDoor
internal import Logging
internal import Wire

/// `/api/admin/streams`: administrators list streams and close them.
enum AdminStreamRoutes {
    static let routes = [
        Route("admin/streams", ["GET", "HEAD"], handle: list),
        Route("admin/streams/{id}", ["DELETE"], handle: close),
    ]

    @Sendable private static func list(_ request: Request) throws -> Outcome {
        _ = try request.administrator()
        var query = try StreamListQuery(request.http)
        query.issuer = query.issuer.map(request.rules.verifier.usersName(ofIssuer:))
        return .ask(
            Inquiry(question: (.list(query), .all)) { [query] parts, isComplete in
                .answer(page(parts, limit: query.limit, isComplete: isComplete, now: request.now))
            })
    }

    /// The page made of all loops' replies.
    private static func page(
        _ parts: [StreamAnswer], limit: Int, isComplete: Bool, now: WallTime
    ) -> HTTPResponse {
        let all = parts.flatMap { part in
            guard case .streams(let entries) = part else { return [StreamEntry]() }
            return entries
        }
        let shown = all.sorted { $0.id < $1.id }.prefix(limit)
        return .json { writer in
            writer.object { writer in
                writer.name("streams")
                writer.array { writer in for entry in shown { entry.write(to: &writer, now: now) } }
                // A full page may be the last one. The next page is empty then.
                if shown.count == limit, let last = shown.last { writer.member("after", String(last.id)) }
                writer.member("complete", isComplete)
            }
        }
    }

    @Sendable private static func close(_ request: Request) throws -> Outcome {
        let administrator = try request.administrator()
        guard let id = StreamNumber.read(request.segment(2)) else { return .answer(StreamNumber.unknown) }
        return .ask(
            Inquiry(question: (.close(stream: id), .owner(ofStream: id))) { [log = request.shared.log] parts, _ in
                switch parts.first {
                case .ended:
                    log.notice("\(administrator.user) closed the stream \(id)", metadata: administrator.logMetadata)
                    return .answer(HTTPResponse(status: 204))
                case nil: return .answer(Problem.loopIsBusy.response)
                default: return .answer(StreamNumber.unknown)
                }
            })
    }
}
