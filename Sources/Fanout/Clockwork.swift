public import Events

// What happens by time alone: heartbeats, the ends of tokens, and draining.
extension Hub {
    /// Tells the time. To be called before anything else in a turn of the loop.
    public func setTime(steady: Int64, wall: EpochMilliseconds) {
        now = steady
        wallNow = wall
    }

    /// Looks after everybody whose time has come. To be called a few times a second, after ``setTime(steady:wall:)``.
    public func tick() {
        for subscriber in unread where subscriber.state == .reading { enqueue(subscriber) }
        unread.removeAll()
        for subscriber in wheel.due(at: now) where subscriber.state != .ended { lookAfter(subscriber) }
    }

    private func lookAfter(_ subscriber: Subscriber) {
        if let expiresAt = subscriber.expiresAt, wallNow >= expiresAt {
            send(ControlFrame.tokenExpired(subscriber), to: subscriber)
            return end(subscriber, .tokenExpired)
        }
        if let expiresAt = subscriber.expiresAt, !subscriber.isExpiryAnnounced,
            wallNow >= expiresAt - settings.expiryNoticeMilliseconds
        {
            subscriber.isExpiryAnnounced = true
            send(ControlFrame.tokenExpiring(subscriber), to: subscriber)
        }
        let interval = settings.heartbeatMilliseconds
        // Who has bytes unsent needs no heartbeat, and its outlet takes none.
        if now - subscriber.lastWrite >= interval, subscriber.unsent.isEmpty, subscriber.state != .blocked {
            counters.heartbeats += 1
            send(ControlFrame.heartbeat(subscriber), to: subscriber)
        }
        guard subscriber.state != .ended else { return }
        let next = max(subscriber.lastWrite + interval, now + 1)
        wheel.set(subscriber, at: min(next, expiryCheck(subscriber) ?? .max))
    }

    /// When, by the steady clock, a stream must be looked at because of its token.
    func expiryCheck(_ subscriber: Subscriber) -> Int64? {
        guard let expiresAt = subscriber.expiresAt else { return nil }
        let notice = subscriber.isExpiryAnnounced ? 0 : settings.expiryNoticeMilliseconds
        let lapse = expiresAt.subtractingReportingOverflow(notice + wallNow)
        return lapse.overflow ? nil : now.addingReportingOverflow(lapse.partialValue).partialValue
    }

    /// Sets another end for a stream whose client has brought a fresh token.
    public func renew(_ subscriber: Subscriber, until expiresAt: EpochMilliseconds?) {
        subscriber.expiresAt = expiresAt
        subscriber.isExpiryAnnounced = false
        let interval = settings.heartbeatMilliseconds
        wheel.set(subscriber, at: min(now + interval, expiryCheck(subscriber) ?? .max))
    }

    /// Says goodbye to up to `most` streams and ends them.
    /// - Parameter spreadMilliseconds: over how long their clients should spread their return.
    /// - Returns: how many are left.
    public func drain(upTo most: Int, spreadMilliseconds: Int64) -> Int {
        for subscriber in subscribers.values.prefix(most) {
            let retry = settings.retryMilliseconds + Int64.random(in: 0...max(1, spreadMilliseconds), using: &random)
            send(ControlFrame.draining(subscriber, retryMilliseconds: retry), to: subscriber)
            end(subscriber, .draining)
        }
        return subscribers.count
    }
}
