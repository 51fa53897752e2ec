internal import Access
internal import Events
internal import FrontDoor
internal import Wire

/// `POST /api/streams/{id}/renew` with a fresh token: the stream stays open until the end of that token.
enum RenewRoute {
    static let routes = [Route("streams/{id}/renew", ["POST"], handle: renew)]

    @Sendable private static func renew(_ request: Request) throws -> Outcome {
        let identity = try request.identity(takesTicket: false)
        let text = request.segment(1)
        guard let id = StreamNumber.read(text) else { return .answer(StreamNumber.unknown) }
        return .ask(
            Inquiry(question: (.renew(stream: id, by: identity), .owner(ofStream: id))) { parts, _ in
                answer(parts.first, id: text)
            })
    }

    private static func answer(_ part: StreamAnswer?, id: WireText) -> Inquiry.Outcome {
        switch part {
        case .renewed(let until):
            return .answer(
                .json { writer in
                    writer.object { writer in
                        writer.member("streamId", id)
                        writer.member("expiresAt", time: until)
                    }
                })
        case .notCovered:
            return .refuse(
                AccessRefusal(
                    .grantCoversNothing,
                    "The token's grant does not cover what the stream receives; the stream stays as it is."))
        case nil: return .answer(Problem.loopIsBusy.response)
        default: return .answer(StreamNumber.unknown)
        }
    }
}

/// A stream's id in a path.
enum StreamNumber {
    /// Nil if the text cannot be the id of a stream.
    static func read(_ text: WireText) -> UInt64? { UInt64(text.string).flatMap { $0 > 0 ? $0 : nil } }

    /// The answer if no stream of the user has this id.
    static var unknown: HTTPResponse {
        Problem.notFound("No stream has this number, or none of yours.").response
    }
}
