public import Events

// What happens by time alone: heartbeats, the ends of tokens, and draining.
extension Hub {
    /// Tells the time. To be called before anything else in a turn of the loop.
    public func setTime(steady: SteadyTime, wall: WallTime) {
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
            return sendLast(ControlFrame.tokenExpired(subscriber), to: subscriber, .tokenExpired)
        }
        if let age = retirement(subscriber), now >= age {
            return close(subscriber, .retired, retryMilliseconds: Int64.random(in: 100...1000, using: &random))
        }
        if let expiresAt = subscriber.expiresAt, !subscriber.isExpiryAnnounced,
            wallNow >= expiresAt - settings.expiryNoticeMilliseconds
        {
            subscriber.isExpiryAnnounced = true
            send(ControlFrame.tokenExpiring(subscriber), to: subscriber)
        }
        // Who is blocked needs no heartbeat, and its outlet takes none.
        if now - subscriber.idleSince >= patience(subscriber), subscriber.state != .blocked, subscriber.state != .ended
        {
            sendHeartbeat(to: subscriber)
        }
        guard subscriber.state != .ended else { return }
        setWheel(subscriber, idleSince: subscriber.state == .blocked ? now : subscriber.idleSince)
    }

    private func sendHeartbeat(to subscriber: Subscriber) {
        counters.heartbeats += 1
        let place = place(of: subscriber)
        // It leaves the head if it has no room for this, and keeps what it was told.
        let hasMoved = place != max(subscriber.told, subscriber.lastGroupEvent)
        let frame = ControlFrame.heartbeat(
            subscriber, at: place, hasMoved: hasMoved, listeners: listeners(to: subscriber.group))
        subscriber.told = place
        send(frame, to: subscriber)
    }

    /// Has a stream looked at when its heartbeat may be due, or before if its token needs it.
    func setWheel(_ subscriber: Subscriber, idleSince time: SteadyTime) {
        let due = min(time + patience(subscriber), expiryCheck(subscriber) ?? .distantFuture)
        wheel.set(subscriber, at: min(due, retirement(subscriber) ?? .distantFuture))
    }

    /// When a stream is as old as streams may become: up to a quarter less than the setting, each
    /// stream by its own number, so that those opened together do not all come back together.
    private func retirement(_ subscriber: Subscriber) -> SteadyTime? {
        guard let age = settings.maxAgeMilliseconds else { return nil }
        let less = Int64(subscriber.id % 7919) * 7919 % (age / 4 + 1)
        return SteadyTime(milliseconds: Int64(subscriber.openedAtSteadySeconds) * 1000 + age - less)
    }

    /// How long a stream may be idle before its heartbeat. Up to an eighth less than the setting, each stream by its
    /// own number: those that were last written to in one moment do not all get their heartbeats in another.
    private func patience(_ subscriber: Subscriber) -> Int64 {
        let interval = settings.heartbeatMilliseconds
        // A prime, so that the numbers of streams opened one after the other fall far apart.
        return interval - Int64(subscriber.id % 7919) * 7919 % (interval / 8 + 1)
    }

    /// When a stream must be looked at because of its token.
    private func expiryCheck(_ subscriber: Subscriber) -> SteadyTime? {
        guard let expiresAt = subscriber.expiresAt else { return nil }
        let notice = subscriber.isExpiryAnnounced ? 0 : settings.expiryNoticeMilliseconds
        // A token may claim any time, also one that no clock will ever reach.
        let time = now.milliseconds.addingReportingOverflow(max(expiresAt, 0) - notice - wallNow)
        return time.overflow ? nil : SteadyTime(milliseconds: time.partialValue)
    }

    /// Has a stream whose client has brought a fresh token last as long as that one. A token that ends before the
    /// one that it lives on changes nothing.
    /// - Parameters:
    ///   - expiresAt: the fresh token's end; nil if it has none.
    ///   - mark: the fresh token's ``Subscription/mark``.
    /// - Returns: when the stream ends with its token now; nil if never.
    public func renew(
        _ subscriber: Subscriber, until expiresAt: WallTime?, mark: UInt64 = 0
    ) -> WallTime? {
        guard subscriber.state != .ended, let end = subscriber.expiresAt else { return subscriber.expiresAt }
        if let expiresAt, expiresAt <= end { return end }
        subscriber.expiresAt = expiresAt
        subscriber.mark = mark
        subscriber.isExpiryAnnounced = false
        setWheel(subscriber, idleSince: subscriber.state == .blocked ? now : subscriber.idleSince)
        return expiresAt
    }

    /// Says goodbye to up to `most` streams and ends them.
    /// - Parameter spreadMilliseconds: over how long their clients should spread their return.
    /// - Returns: how many are left.
    public func drain(upTo most: Int, spreadMilliseconds: Int64) -> Int {
        for subscriber in subscribers.values.prefix(most) {
            // Even a few do not come back in one moment.
            let spread = max(1, spreadMilliseconds, settings.retryMilliseconds / 4)
            let retry = settings.retryMilliseconds + Int64.random(in: 0...spread, using: &random)
            sendLast(ControlFrame.draining(subscriber, retryMilliseconds: retry), to: subscriber, .draining)
        }
        return subscribers.count
    }
}
