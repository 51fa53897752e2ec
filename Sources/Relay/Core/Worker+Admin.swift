internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor
internal import Logging

// What administrators may see and do, and how a client keeps its stream alive.
extension Worker {
    /// `POST /api/streams/{id}/renew` with a fresh token.
    func renewStream(_ exchange: Exchange, id text: String, _ check: AccessCheck, now: EpochMilliseconds) {
        let request = exchange.request
        guard request.method == "POST" else {
            return reply(exchange, Problem.method(request.method, allowed: "POST").response, check)
        }
        let identity: Identity
        do { identity = try check.identity(request, takesTicket: false, now: now) } catch {
            return reply(exchange, check.problem(error, for: request).response, check)
        }
        guard let id = UInt64(text), let owner = owner(of: id) else {
            return reply(exchange, Self.unknownStream, check)
        }
        ask(.renew(stream: id, by: identity), [owner], for: exchange) { parts, _ in
            switch parts.first {
            case .renewed(let until):
                return .json { writer in
                    writer.object { writer in
                        writer.member("streamId", text)
                        writer.member("expiresAt", time: until)
                    }
                }
            case .notCovered:
                let refusal = AccessRefusal(
                    .grantCoversNothing,
                    "The token's grant does not cover what the stream receives; the stream stays as it is.")
                return check.problem(refusal, for: request).response
            case nil: return Self.busy
            default: return Self.unknownStream
            }
        }
    }

    /// Everything below `/api/admin`.
    func administer(_ exchange: Exchange, _ path: ArraySlice<String>, _ check: AccessCheck, now: EpochMilliseconds) {
        let request = exchange.request
        guard let route = AdminRoute(path) else {
            return reply(exchange, Problem.notFound("There is nothing at this path.").response, check)
        }
        guard route.methods.contains(request.method) else {
            let allowed = route.methods.joined(separator: ", ")
            return reply(exchange, Problem.method(request.method, allowed: allowed).response, check)
        }
        do {
            let administrator = try check.administrator(request, now: now)
            switch (route, request.method) {
            case (.rejects, _): reply(exchange, rejects(), check)
            case (.streams, _): listStreams(exchange, try StreamListQuery(request), now: now)
            case (.stream(let id), _): closeStream(exchange, id: id, by: administrator, check)
            case (.revoke, _):
                revoke(exchange, try RevokeOrder(request.body, now: now), by: administrator, check, now: now)
            case (.revocations, "DELETE"):
                lift(exchange, try RevocationListQuery(request).subject, by: administrator, check)
            case (.revocations, _): listRevocations(exchange, try RevocationListQuery(request), now: now)
            }
        } catch let refusal as AccessRefusal {
            reply(exchange, check.problem(refusal, for: request).response, check)
        } catch {
            let sentence = (error as? StreamQuery.Mistake)?.sentence ?? "The request cannot be read."
            reply(exchange, Problem(400, "bad_request", sentence).response, check)
        }
    }

    private func rejects() -> HTTPResponse {
        .json { writer in
            writer.object { writer in
                writer.name("rejects")
                writer.array { writer in for entry in context.rejects.all { entry.write(to: &writer) } }
            }
        }
    }

    private func listStreams(_ exchange: Exchange, _ query: StreamListQuery, now: EpochMilliseconds) {
        ask(.list(query), peers, for: exchange) { parts, isComplete in
            StreamEntry.page(parts, limit: query.limit, isComplete: isComplete, now: now)
        }
    }

    private func closeStream(_ exchange: Exchange, id text: String, by administrator: Identity, _ check: AccessCheck) {
        guard let id = UInt64(text), let owner = owner(of: id) else {
            return reply(exchange, Self.unknownStream, check)
        }
        let log = context.log
        ask(.close(stream: id), [owner], for: exchange) { parts, _ in
            switch parts.first {
            case .ended:
                log.notice("\(administrator.user) closed the stream \(id)")
                return HTTPResponse(status: 204)
            case nil: return Self.busy
            default: return Self.unknownStream
            }
        }
    }

    private func revoke(
        _ exchange: Exchange, _ order: RevokeOrder, by administrator: Identity, _ check: AccessCheck,
        now: EpochMilliseconds
    ) {
        guard context.revocations.revoke(order.subject, until: order.until, now: now) else {
            let problem = Problem.unavailable(
                "too_many_revocations", "\(Limits.revocations) users and tokens are revoked, and no more can be kept.")
            return reply(exchange, problem.response, check)
        }
        let until = context.revocations.end(of: order.subject, now: now) ?? order.until
        let entry = Revocations.Entry(subject: order.subject, until: until)
        context.log.notice("\(administrator.user) revoked \(entry)")
        // From here on nobody new is let in; now those who are there go, and the file is brought up to date.
        let id = ask(
            .end(order.subject), peers, others: 1, for: exchange,
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

    private func lift(
        _ exchange: Exchange, _ subject: Revocations.Subject?, by administrator: Identity, _ check: AccessCheck
    ) {
        guard let subject else {
            let problem = Problem(400, "bad_request", "Whose revocation to lift is told by user= or token=.")
            return reply(exchange, problem.response, check)
        }
        // What was lifted before and could not be kept is kept now.
        guard context.revocations.lift(subject) || !context.revocations.isSaved else {
            return reply(exchange, Problem.notFound("There is no such revocation.").response, check)
        }
        let log = context.log
        log.notice("\(administrator.user) lifted the revocation of \(subject.text)")
        let id = gather(1, for: exchange, waitMilliseconds: Int64(Limits.requestSeconds) * 1000) { parts, _ in
            guard case .kept(let problem) = parts.first else {
                return Self.notKept("the file is not written", log: log)
            }
            return problem.map { Self.notKept($0, log: log) } ?? HTTPResponse(status: 204)
        }
        keepRevocations(id)
    }

    private func listRevocations(_ exchange: Exchange, _ query: RevocationListQuery, now: EpochMilliseconds) {
        let id = gather(1, for: exchange) { parts, _ in
            guard case .revocations(let entries) = parts.first else { return Self.busy }
            return query.page(entries)
        }
        let mailbox = mailbox
        context.revocations.list(now: now) { mailbox.post(.answer(.revocations($0), exchange: id)) }
    }

    private static var unknownStream: HTTPResponse {
        Problem.notFound("No stream has this number, or none of yours.").response
    }

    private static var busy: HTTPResponse {
        Problem.unavailable("busy", "The loop that has the answer did not give it in time.").response
    }
}

/// A path below `/api/admin`.
enum AdminRoute: Equatable {
    case rejects
    case streams
    case stream(id: String)
    case revoke
    case revocations

    init?(_ path: ArraySlice<String>) {
        switch (path.first, path.count) {
        case ("rejects", 1): self = .rejects
        case ("streams", 1): self = .streams
        case ("streams", 2): self = .stream(id: path[path.startIndex + 1])
        case ("revoke", 1): self = .revoke
        case ("revocations", 1): self = .revocations
        default: return nil
        }
    }

    /// What may be asked there.
    var methods: [String] {
        switch self {
        case .rejects, .streams: ["GET"]
        case .stream: ["DELETE"]
        case .revoke: ["POST"]
        case .revocations: ["GET", "DELETE"]
        }
    }
}

extension Revocations.Subject {
    /// For the log: what is no plain word is quoted there as JSON.
    var text: String {
        let (kind, name) =
            switch self {
            case .user(let user): ("user", user)
            case .token(let id): ("token", id)
            }
        return "\(kind) \(JSONWriter.text { $0.string(String(name.prefix(200))) })"
    }
}

extension Revocations.Entry: CustomStringConvertible {
    /// For the log.
    var description: String {
        until == Revocations.untilLifted ? "the \(subject.text)" : "the \(subject.text) until \(ISOTime.text(until))"
    }
}
