internal import Access
internal import Events
internal import FrontDoor
internal import Logging
internal import Telemetry
internal import Wire

/// `/api/admin/revoke` and `/api/admin/revocations`: administrators revoke users and tokens, list revocations, and lift
/// them.
enum RevocationRoutes {
    static let routes = [
        Route("admin/revoke", ["POST"], handle: revoke),
        Route("admin/revocations", ["GET", "HEAD"], handle: list),
        Route("admin/revocations", ["DELETE"], handle: lift),
    ]

    private static let fileWaitMilliseconds = Int64(Limits.requestSeconds) * 1000

    @Sendable private static func revoke(_ request: Request) throws -> Outcome {
        let administrator = try request.administrator()
        let order = try RevokeOrder(request.http.body, now: request.now)
        let revocations = request.shared.revocations
        let subject = order.subject.resolved(by: request.rules.verifier)
        guard revocations.revoke(subject, until: order.until, now: request.now) else {
            let problem = Problem.unavailable(
                "too_many_revocations", "\(Limits.revocations) users and tokens are revoked, and no more can be kept.")
            return .answer(problem.response)
        }
        request.shared.members.revoke(subject)
        let until = revocations.end(of: subject, now: request.now) ?? order.until
        let entry = Revocations.Entry(subject: subject, until: until)
        let log = request.shared.log
        log.notice("\(administrator.user) revoked \(entry)", metadata: administrator.logMetadata)
        // From here on the user's new requests are refused. Next, the loops end the open streams, and the file is
        // written.
        return .ask(
            Inquiry(
                question: (.end(subject), .all), revocations: .save, waitMilliseconds: fileWaitMilliseconds
            ) { parts, isComplete in
                .answer(revoked(entry, parts, isComplete: isComplete, log: log))
            })
    }

    private static func revoked(
        _ entry: Revocations.Entry, _ parts: [StreamAnswer], isComplete: Bool, log: Logger
    ) -> HTTPResponse {
        var ended = 0
        var keeping = isComplete ? nil : "the file is not written yet"
        for part in parts {
            if case .ended(let count) = part { ended += count }
            if case .kept(let problem?) = part { keeping = problem }
        }
        if let keeping { return notKept(keeping, log: log) }
        return .json { writer in
            writer.object { writer in
                entry.write(to: &writer)
                writer.member("endedStreams", Int64(ended))
            }
        }
    }

    /// The revocation is in force, but a restart would lose it.
    private static func notKept(_ problem: String, log: Logger) -> HTTPResponse {
        log.error("a change of the revocations counts only until a restart: \(problem)")
        return Problem.unavailable(
            "not_kept", "The change counts, but could not be kept for a restart: ask again."
        ).response
    }

    @Sendable private static func lift(_ request: Request) throws -> Outcome {
        let administrator = try request.administrator()
        guard let subject = try RevocationListQuery(request.http).subject else {
            throw QueryError.inRequest(
                "Whose revocation to lift is told by user= or token=, and issuer= if it has one.")
        }
        let revocations = request.shared.revocations
        // First with the issuer's name as given: the revocation may be older than a change of the settings that made
        // this issuer share the users of another.
        let isLifted = revocations.lift(subject) || revocations.lift(subject.resolved(by: request.rules.verifier))
        // Repeats the write after an earlier lift that could not be written.
        guard isLifted || !revocations.isSaved else {
            return .answer(Problem.notFound("There is no such revocation.").response)
        }
        let log = request.shared.log
        log.notice(
            "\(administrator.user) lifted the revocation of \(subject.text)", metadata: administrator.logMetadata)
        return .ask(
            Inquiry(revocations: .save, waitMilliseconds: fileWaitMilliseconds) { parts, _ in
                guard case .kept(let problem) = parts.first else {
                    return .answer(notKept("the file is not written", log: log))
                }
                return .answer(problem.map { notKept($0, log: log) } ?? HTTPResponse(status: 204))
            })
    }

    @Sendable private static func list(_ request: Request) throws -> Outcome {
        _ = try request.administrator()
        let query = try RevocationListQuery(request.http)
        return .ask(
            Inquiry(revocations: .list) { parts, _ in
                guard case .revocations(let entries) = parts.first else { return .answer(Problem.loopIsBusy.response) }
                return .answer(query.page(entries))
            })
    }
}

extension Revocations.Subject {
    /// The subject for the log, with names quoted as JSON.
    var text: String {
        func text(_ name: WireText) -> String { JSONWriter.text { $0.string(LogText.cut(name)) } }
        let (kind, name, issuer) =
            switch self {
            case .user(let user, let issuer): ("user", user, issuer)
            case .token(let id, let issuer): ("token", id, issuer)
            }
        return "\(kind) \(text(name))" + (issuer.map { " of the issuer \(text($0))" } ?? "")
    }
}

extension Revocations.Entry: CustomStringConvertible {
    /// For the log.
    var description: String {
        until == Revocations.untilLifted ? "the \(subject.text)" : "the \(subject.text) until \(ISOTime.text(until))"
    }
}
