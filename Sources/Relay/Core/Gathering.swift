internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Journal
internal import Platform

/// What one loop asks another about its streams.
enum StreamQuestion: Sendable {
    /// Some of the streams, for the administrator's list.
    case list(StreamListQuery)
    /// Have the streams of a revoked user or token ended.
    case end(Revocations.Subject)
    /// Close this stream.
    case close(stream: UInt64)
    /// Let this stream live as long as a fresh token.
    case renew(stream: UInt64, by: Identity)
}

/// What it hears.
enum StreamAnswer: Sendable {
    case streams([StreamEntry])
    /// So many streams were ended.
    case ended(Int)
    case renewed(until: WallTime?)
    /// The fresh token's grant does not cover what the stream receives.
    case notCovered
    case unknownStream
    /// The revocations are in their file; or why not.
    case kept(problem: String?)
    /// What became of the finish that an administrator ordered for a room.
    case roomFinish(AppendOutcome)
    /// The revocations in force.
    case revocations([Revocations.Entry])
}

/// A request whose answer other threads have the parts of.
struct Gathering {
    let exchange: Exchange
    /// Parts that are still to come.
    var missing: Int
    /// When the request is answered with what there is.
    let deadline: SteadyTime
    var parts: [StreamAnswer] = []
    /// Makes the answer of the parts, and of whether they are all there.
    let finish: ([StreamAnswer], _ isComplete: Bool) -> HTTPResponse
}

// How a loop asks the others.
extension Worker {
    /// The loop on which a stream of this number would be: numbers go round.
    func owner(of stream: UInt64) -> Mailbox<WorkerCommand>? {
        stream > 0 ? peers[Int((stream - 1) % UInt64(peers.count))] : nil
    }

    /// Puts a question to the loops at `mailboxes`, and answers the exchange when all have replied, or the time is
    /// over.
    /// - Parameter others: parts that come from elsewhere, by ``WorkerCommand/answer(exchange:_:)``.
    /// - Returns: under which number the parts come.
    @discardableResult
    func ask(
        _ question: StreamQuestion, _ mailboxes: [Mailbox<WorkerCommand>], others: Int = 0, for exchange: Exchange,
        waitMilliseconds: Int64 = Limits.gatherMilliseconds,
        finish: @escaping ([StreamAnswer], _ isComplete: Bool) -> HTTPResponse
    ) -> UInt64 {
        let mailbox = mailbox
        let id = gather(
            mailboxes.count + others, for: exchange, waitMilliseconds: waitMilliseconds, finish: finish)
        // A loop that has ended takes no mail, and has no streams.
        for other in mailboxes where !other.post(.question(question, from: mailbox, exchange: id)) {
            take(.streams([]), of: id)
        }
        return id
    }

    /// Has an exchange wait for so many parts.
    func gather(
        _ count: Int, for exchange: Exchange, waitMilliseconds: Int64 = Limits.gatherMilliseconds,
        finish: @escaping ([StreamAnswer], _ isComplete: Bool) -> HTTPResponse
    ) -> UInt64 {
        let id = waiting.nextNumber()
        gatherings[id] = Gathering(
            exchange: exchange, missing: count, deadline: SteadyTime.now() + waitMilliseconds,
            finish: finish)
        return id
    }

    /// One part of an answer has come.
    func take(_ part: StreamAnswer, of id: UInt64) {
        guard var gathering = gatherings[id] else { return }
        gathering.parts.append(part)
        gathering.missing -= 1
        gatherings[id] = gathering
        if gathering.missing == 0 { finishGathering(id, isComplete: true) }
    }

    /// Answers those that have waited long enough.
    func endLateGatherings() {
        guard !gatherings.isEmpty else { return }
        let now = SteadyTime.now()
        for (id, gathering) in gatherings where now >= gathering.deadline { finishGathering(id, isComplete: false) }
    }

    private func finishGathering(_ id: UInt64, isComplete: Bool) {
        guard let gathering = gatherings.removeValue(forKey: id) else { return }
        let response = gathering.finish(gathering.parts, isComplete)
        reply(gathering.exchange, response, AccessCheck(context: context, exchange: gathering.exchange))
    }
}

// How a loop answers.
extension Worker {
    func answer(_ question: StreamQuestion) -> StreamAnswer {
        switch question {
        case .list(let query): .streams(list(query))
        case .end(let subject): .ended(end(streams(of: subject)) + endDiagnostics { subject.includes($0) })
        case .close(let stream): close(stream)
        case .renew(let stream, let identity): renew(stream, by: identity)
        }
    }

    private func list(_ query: StreamListQuery) -> [StreamEntry] {
        let streams = hub.streams(of: query.user, issuer: query.issuer, after: query.after, most: query.limit)
        let entries = streams.compactMap { subscriber in
            address(of: subscriber).map { StreamEntry(report: hub.report(subscriber), address: $0) }
        }
        return entries + diagnostics.values.filter { query.includes($0.entry) }.map(\.entry)
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

    /// Ends the diagnostic streams of the identities that are meant.
    private func endDiagnostics(_ isMeant: (Identity) -> Bool) -> Int {
        let meant = diagnostics.values.filter { isMeant($0.identity) }
        for diagnostic in meant { diagnostic.end() }
        return meant.count
    }

    private func address(of subscriber: Subscriber) -> String? {
        if let link = subscriber.outlet as? StreamLink { return link.address }
        return (subscriber.outlet as? PagePoll)?.exchange.request.remoteAddress
    }

    private func end(_ subscribers: [Subscriber]) -> Int {
        for subscriber in subscribers { hub.close(subscriber, .revoked) }
        return subscribers.count
    }

    private func close(_ stream: UInt64) -> StreamAnswer {
        if let diagnostic = diagnostics.values.first(where: { $0.entry.id == stream }) {
            diagnostic.end()
            return .ended(1)
        }
        guard let subscriber = hub.subscriber(id: stream) else { return .unknownStream }
        hub.close(subscriber, .closed)
        return .ended(1)
    }

    private func renew(_ stream: UInt64, by identity: Identity) -> StreamAnswer {
        // Somebody else's stream is no stream: the answer does not tell whether it exists.
        guard let subscriber = hub.subscriber(id: stream), subscriber.principal == identity.principal else {
            return .unknownStream
        }
        // The token, or its user, may have been revoked since the loop that asks looked at it: what was to end the
        // streams of that token has been here then.
        guard (try? context.revocations.check(identity, now: WallClock.now())) != nil else {
            return .unknownStream
        }
        let (filter, showsRaw) = hub.filter(of: subscriber)
        // Nor may it go on receiving by name what the fresh token would not.
        guard identity.grant.covers(filter, showsRaw: showsRaw),
            identity.isAddressable || !subscriber.isAddressable
        else { return .notCovered }
        return .renewed(until: hub.renew(subscriber, until: identity.expiresAt, mark: identity.mark))
    }
}

extension Identity {
    /// By which streams of one token are found again: a hash of its id with a seed of this process, 0 for none. It
    /// costs 8 bytes a stream, where a table of the ids would cost ten times as much.
    var mark: UInt64 { tokenID.map(Self.mark(ofTokenID:)) ?? 0 }

    static func mark(ofTokenID id: WireText) -> UInt64 {
        max(1, UInt64(bitPattern: Int64(id.hashValue)))
    }
}
