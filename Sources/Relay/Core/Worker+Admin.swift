internal import Access
internal import Events
internal import FrontDoor
internal import Logging
internal import Telemetry

// What administrators may see and do, and how a client keeps its stream alive.
extension Worker {
    /// `POST /api/streams/{id}/renew` with a fresh token.
    func renewStream(_ exchange: Exchange, id text: WireText, _ check: AccessCheck, now: WallTime) {
        let request = exchange.request
        guard request.method == "POST" else {
            return reply(exchange, Problem.method(request.method, allowed: "POST").response, check)
        }
        let identity: Identity
        do { identity = try check.identity(request, takesTicket: false, now: now) } catch {
            return reply(exchange, check.problem(error, for: request).response, check)
        }
        guard let id = UInt64(text.string), let owner = owner(of: id) else {
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
    func administer(_ exchange: Exchange, _ path: ArraySlice<WireText>, _ check: AccessCheck, now: WallTime) {
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
            case (.sources, _): reply(exchange, sources(), check)
            case (.streams, _): listStreams(exchange, try StreamListQuery(request), now: now)
            case (.stream(let id), _): closeStream(exchange, id: id, by: administrator, check)
            case (.room(let source, let name), _):
                closeRoom(exchange, RoomKey(source: source, name: name), by: administrator, check, now: now)
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

    private func sources() -> HTTPResponse {
        let rules = context.rules
        let counts = context.metrics.sources()
        return .json { writer in
            writer.object { writer in
                writer.name("sources")
                writer.array { writer in
                    for source in counts {
                        source.write(provider: rules.sources[WireText(source.name)]?.providerName, to: &writer)
                    }
                }
            }
        }
    }

    private func listStreams(_ exchange: Exchange, _ query: StreamListQuery, now: WallTime) {
        var query = query
        query.issuer = query.issuer.map(context.rules.verifier.usersName(ofIssuer:))
        ask(.list(query), peers, for: exchange) { [query] parts, isComplete in
            StreamEntry.page(parts, limit: query.limit, isComplete: isComplete, now: now)
        }
    }

    private func closeStream(_ exchange: Exchange, id text: WireText, by administrator: Identity, _ check: AccessCheck)
    {
        guard let id = UInt64(text.string), let owner = owner(of: id) else {
            return reply(exchange, Self.unknownStream, check)
        }
        let log = context.log
        ask(.close(stream: id), [owner], for: exchange) { parts, _ in
            switch parts.first {
            case .ended:
                log.notice("\(administrator.user) closed the stream \(id)", metadata: administrator.logMetadata)
                return HTTPResponse(status: 204)
            case nil: return Self.busy
            default: return Self.unknownStream
            }
        }
    }

    private static var unknownStream: HTTPResponse {
        Problem.notFound("No stream has this number, or none of yours.").response
    }

    static var busy: HTTPResponse {
        Problem.unavailable("busy", "The loop that has the answer did not give it in time.").response
    }
}
