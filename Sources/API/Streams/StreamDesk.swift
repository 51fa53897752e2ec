internal import Access
internal import Events
internal import Fanout
internal import Wire

/// Answers the questions and carries out the orders of all loops about the streams of this loop.
struct StreamDesk {
    let shared: SharedState
    let hub: Hub
    let diagnostics: DiagnosticStreams
    let streams: Streams

    /// Answers one question.
    func answer(_ question: StreamQuestion, now: WallTime) -> StreamAnswer {
        switch question {
        case .list(let query): .streams(list(query))
        case .end(let subject): .ended(end(subject))
        case .close(let stream): close(stream)
        case .renew(let stream, let identity): renew(stream, by: identity, now: now)
        }
    }

    private func list(_ query: StreamListQuery) -> [StreamEntry] {
        let found = hub.streams(of: query.user, issuer: query.issuer, after: query.after, most: query.limit)
        return found.map { StreamEntry(hub.report($0), presence: streams.rooms(heldBy: $0.id)) }
            + diagnostics.entries(query.includes)
    }

    private func end(_ subject: Revocations.Subject) -> Int {
        let streams = streams(of: subject)
        for subscriber in streams { hub.close(subscriber, .revoked) }
        return streams.count + diagnostics.end { subject.includes($0.identity) }
    }

    private func streams(of subject: Revocations.Subject) -> [Subscriber] {
        switch subject {
        case .user(let user, let issuer): return hub.subscribers(of: user, issuer: issuer)
        case .token(let id, let issuer):
            return hub.streams(marked: Identity.mark(ofTokenID: id)).filter { subscriber in
                issuer.map { $0 == subscriber.principal.issuer } ?? true
            }
        }
    }

    private func close(_ stream: UInt64) -> StreamAnswer {
        if diagnostics.end({ $0.entry.id == stream }) > 0 { return .ended(1) }
        guard let subscriber = hub.subscriber(id: stream) else { return .unknownStream }
        hub.close(subscriber, .closed)
        return .ended(1)
    }

    private func renew(_ stream: UInt64, by identity: Identity, now: WallTime) -> StreamAnswer {
        // The answer does not reveal whether another user's stream exists.
        guard let subscriber = hub.subscriber(id: stream), subscriber.principal == identity.principal else {
            return .unknownStream
        }
        // The token or its user may have been revoked since the asking loop verified it. The order to end their streams
        // may have been handled here before this question, and would not end the renewed stream.
        guard (try? shared.revocations.check(identity, now: now)) != nil else { return .unknownStream }
        let (filter, showsRaw) = hub.filter(of: subscriber)
        // The stream must not go on receiving events addressed to its user if the fresh token would not.
        guard identity.grant.covers(filter, showsRaw: showsRaw),
            identity.isAddressable || !subscriber.isAddressable
        else { return .notCovered }
        let held = streams.rooms(heldBy: stream)
        guard held.isEmpty || (try? identity.checkPresence(in: held, shared.rules)) != nil else { return .notCovered }
        return .renewed(until: hub.renew(subscriber, until: identity.expiresAt, mark: identity.mark))
    }
}
