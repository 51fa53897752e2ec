internal import Access
internal import Events
internal import FrontDoor
internal import Journal
internal import Logging
internal import Telemetry
internal import Wire

/// An administrator's order to close a room: a `room_finished` event that the relay appends itself.
struct RoomFinish {
    let key: RoomKey
    let administrator: Identity

    /// Answers once the end of the room is durable.
    func begin(_ request: Request, _ rooms: RoomSearches, _ gatherings: Gatherings) {
        guard let room = rooms[key] else { return request.reply(Self.unknownRoom) }
        let draft = Draft.finish(
            key, provider: room.provider, reason: RoomEnd.closed, endedAt: request.now, now: request.now)
        let note = note(request.shared.log, room.isOfMembers ? request.shared.members : nil)
        // As long as a webhook may wait.
        let patience = Int64(Limits.requestSeconds) * 1000
        let inquiry = Inquiry(append: (draft, note), waitMilliseconds: patience) { parts, _ in
            .answer(Self.answer(parts.first))
        }
        gatherings.begin(inquiry, for: request)
    }

    /// Logs the outcome when the commit is done, since the request may have been answered at its deadline by then.
    /// - Parameter members: told of the end of a room of members; nil for other rooms.
    private func note(_ log: Logger, _ members: MemberOwner?) -> @Sendable (AppendOutcome) -> Void {
        let (key, name, administrator) = (key, key.text, administrator)
        return { outcome in
            switch outcome {
            case .committed(duplicate: true): break
            case .committed:
                members?.roomWasClosed(key.name)
                log.notice("\(administrator.user) closed the room \(name)", metadata: administrator.logMetadata)
            case .failed(let error): log.warning("the room \(name) could not be closed: \(error)")
            }
        }
    }

    private static func answer(_ part: StreamAnswer?) -> HTTPResponse {
        guard case .appended(let outcome) = part else { return Problem.loopIsBusy.response }
        switch outcome {
        case .committed(duplicate: true): return unknownRoom
        case .committed: return HTTPResponse(status: 204)
        case .failed: return Problem.journalUnavailable.response
        }
    }

    private static var unknownRoom: HTTPResponse {
        Problem.notFound("No room of this source and name is open.").response
    }
}

extension RoomKey {
    /// The room for the log, with source and name quoted as JSON.
    fileprivate var text: String {
        func text(_ name: WireText) -> String { JSONWriter.text { $0.string(LogText.cut(name)) } }
        return "\(text(name)) of \(text(source))"
    }
}

extension Identity {
    /// The issuer of the token, for a line of the log that names the user.
    var logMetadata: Logger.Metadata { ["issuer": "\(issuer)"] }
}
