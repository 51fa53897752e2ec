internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor
internal import Logging
internal import Telemetry

// How administrators revoke, lift, and see what is revoked.
extension Worker {
    func revoke(
        _ exchange: Exchange, _ order: RevokeOrder, by administrator: Identity, _ check: AccessCheck,
        now: WallTime
    ) {
        let subject = order.subject.resolved(by: context.rules.verifier)
        guard context.revocations.revoke(subject, until: order.until, now: now) else {
            let problem = Problem.unavailable(
                "too_many_revocations", "\(Limits.revocations) users and tokens are revoked, and no more can be kept.")
            return reply(exchange, problem.response, check)
        }
        let until = context.revocations.end(of: subject, now: now) ?? order.until
        let entry = Revocations.Entry(subject: subject, until: until)
        context.log.notice("\(administrator.user) revoked \(entry)", metadata: administrator.logMetadata)
        // From here on nobody new is let in; now those who are there go, and the file is brought up to date.
        let id = ask(
            .end(subject), peers, others: 1, for: exchange,
            waitMilliseconds: Int64(Limits.requestSeconds) * 1000
        ) { [log = context.log] parts, isComplete in
            Self.revoked(entry, parts, isComplete: isComplete, log: log)
        }
        keepRevocations(id)
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

    /// The change counts, but only until a restart.
    private static func notKept(_ problem: String, log: Logger) -> HTTPResponse {
        log.error("a change of the revocations counts only until a restart: \(problem)")
        return Problem.unavailable(
            "not_kept", "The change counts, but could not be kept for a restart: ask again."
        ).response
    }

    private func keepRevocations(_ id: UInt64) {
        let mailbox = mailbox
        context.revocations.save { problem in mailbox.post(.answer(.kept(problem: problem), exchange: id)) }
    }

    func lift(
        _ exchange: Exchange, _ subject: Revocations.Subject?, by administrator: Identity, _ check: AccessCheck
    ) {
        guard let subject else {
            let problem = Problem(
                400, "bad_request", "Whose revocation to lift is told by user= or token=, and issuer= if it has one.")
            return reply(exchange, problem.response, check)
        }
        // What was lifted before and could not be kept is kept now.
        let verifier = context.rules.verifier
        // As it stands first: it may be older than the settings, in which the issuer now goes by another's name.
        let isLifted =
            context.revocations.lift(subject) || context.revocations.lift(subject.resolved(by: verifier))
        guard isLifted || !context.revocations.isSaved else {
            return reply(exchange, Problem.notFound("There is no such revocation.").response, check)
        }
        let log = context.log
        log.notice(
            "\(administrator.user) lifted the revocation of \(subject.text)", metadata: administrator.logMetadata)
        let id = gather(1, for: exchange, waitMilliseconds: Int64(Limits.requestSeconds) * 1000) { parts, _ in
            guard case .kept(let problem) = parts.first else {
                return Self.notKept("the file is not written", log: log)
            }
            return problem.map { Self.notKept($0, log: log) } ?? HTTPResponse(status: 204)
        }
        keepRevocations(id)
    }

    func listRevocations(_ exchange: Exchange, _ query: RevocationListQuery, now: WallTime) {
        let id = gather(1, for: exchange) { parts, _ in
            guard case .revocations(let entries) = parts.first else { return Self.busy }
            return query.page(entries)
        }
        let mailbox = mailbox
        context.revocations.list(now: now) { mailbox.post(.answer(.revocations($0), exchange: id)) }
    }
}

extension Revocations.Subject {
    /// For the log: what is no plain word is quoted there as JSON.
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

extension Identity {
    /// Which issuer vouches for the user's name, beside a line of the log that names the user.
    var logMetadata: Logger.Metadata { ["issuer": "\(issuer)"] }
}
