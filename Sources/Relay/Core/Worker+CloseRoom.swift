internal import Access
internal import EventLoop
internal import Events
internal import FrontDoor
internal import Journal
internal import Logging
internal import Telemetry

// How an administrator closes a room.
extension Worker {
    /// `DELETE /api/admin/rooms/{source}/{name}`: has the log finish the room, and answers once that is durable. The
    /// provider is not told: what it sends of the room afterwards counts, and a join opens the room again.
    func closeRoom(
        _ exchange: Exchange, _ key: RoomKey, by administrator: Identity, _ check: AccessCheck, now: WallTime
    ) {
        guard let open = rooms[key] else { return reply(exchange, Self.unknownRoom, check) }
        let draft = Draft.finish(
            key, provider: open.state.provider, reason: RoomEnd.closed, endedAt: now, now: now)
        let log = context.log
        // As long as a webhook would wait.
        let id = gather(1, for: exchange, waitMilliseconds: Int64(Limits.requestSeconds) * 1000) { parts, _ in
            guard case .roomFinish(let outcome) = parts.first else { return Self.busy }
            switch outcome {
            case .committed(duplicate: true): return Self.unknownRoom
            case .committed: return HTTPResponse(status: 204)
            case .failed:
                return Problem.unavailable("journal_unavailable", "The log cannot take events now.").response
            }
        }
        let mailbox = mailbox
        let isTaken = writer.submit(draft) { outcome in
            // Here and not with the answer, which may come too late for its request.
            switch outcome {
            case .committed(duplicate: true): break
            case .committed:
                log.notice(
                    "\(administrator.user) closed the room \(key.text)", metadata: administrator.logMetadata)
            case .failed(let error): log.warning("the room \(key.text) could not be closed: \(error)")
            }
            mailbox.post(.answer(.roomFinish(outcome), exchange: id))
        }
        if !isTaken {
            gatherings[id] = nil
            reply(exchange, Problem.unavailable("overloaded", "Too many webhooks wait for the log.").response, check)
        }
    }

    private static var unknownRoom: HTTPResponse {
        Problem.notFound("No room of this source and name is open.").response
    }
}

extension RoomKey {
    /// For the log: what is no plain word is quoted there as JSON.
    fileprivate var text: String {
        func text(_ name: WireText) -> String { JSONWriter.text { $0.string(LogText.cut(name)) } }
        return "\(text(name)) of \(text(source))"
    }
}
