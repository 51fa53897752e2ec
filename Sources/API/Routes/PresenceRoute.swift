internal import Access
internal import Events
internal import FrontDoor
internal import Wire

/// `PUT` and `DELETE /api/presence/{room}`: a member shows another state, or leaves early. Both are answered when the
/// journal has it.
enum PresenceRoute {
    static let routes = [
        Route("presence/{room}", ["PUT"], handle: put),
        Route("presence/{room}", ["DELETE"], handle: leave),
    ]

    /// As long as a webhook may wait.
    private static let patienceMilliseconds = Int64(Limits.requestSeconds) * 1000

    @Sendable private static func put(_ request: Request) throws -> Outcome {
        let key = try key(request)
        let state = try MemberState.read(request.http.body)
        let (members, settings) = (request.shared.members, request.rules.members)
        return .ask(
            Inquiry(
                member: { (done) throws(MemberRefusal) in try members.put(state, key, settings, done: done) },
                waitMilliseconds: patienceMilliseconds
            ) { parts, _ in
                switch parts.first {
                case .member(.present(let member)):
                    .answer(.json { writer in writer.object(member.write) })
                case .member(.absent): .refuse(PresenceRefusal.notPresent)
                default: unanswered(parts.first)
                }
            })
    }

    @Sendable private static func leave(_ request: Request) throws -> Outcome {
        let key = try key(request)
        let (members, settings) = (request.shared.members, request.rules.members)
        return .ask(
            Inquiry(
                member: { (done) throws(MemberRefusal) in try members.leave(key, settings, done: done) },
                waitMilliseconds: patienceMilliseconds
            ) { parts, _ in
                switch parts.first {
                // Also if the user has joined again meanwhile: this request's leave came before that.
                case .member(.present), .member(.absent): .answer(HTTPResponse(status: 204))
                default: unanswered(parts.first)
                }
            })
    }

    private static func unanswered(_ part: StreamAnswer?) -> Inquiry.Outcome {
        switch part {
        case .member: .answer(Problem.journalUnavailable.response)
        default: .answer(Problem.loopIsBusy.response)
        }
    }

    private static func key(_ request: Request) throws -> MemberKey {
        let identity = try request.identity(takesTicket: false)
        let room = request.segment(1)
        try identity.checkPresence(in: [room], request.rules)
        return MemberKey(room: room, principal: identity.principal)
    }
}

/// The body of a `PUT`: `{"state":{...}}`.
enum MemberState {
    /// The state in a body.
    static func read(_ body: [UInt8]) throws -> JSONObject {
        guard let object = try? JSONReader.value(body).object, let state = object["state"],
            object.members.count == 1
        else { throw QueryError.inRequest(#"The body is no JSON object such as {"state":{"status":"away"}}."#) }
        guard let value = state.object else {
            throw PresenceRefusal(.stateNotObject, "state is a JSON object.")
        }
        let bytes = JSONWriter.bytes { $0.value(state) }.count
        guard bytes <= Limits.memberStateBytes else {
            throw PresenceRefusal(
                .stateTooLarge, "The state has \(bytes) bytes; \(Limits.memberStateBytes) is the most.")
        }
        return value
    }
}
