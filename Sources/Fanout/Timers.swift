internal import Events
package import Wire

// Work that only time triggers: heartbeats, ends of tokens, the greatest age of streams. And draining.
extension Hub {
    /// Sets the time that the hub works with. Call it before anything else in a turn of the loop.
    package func setTime(steady: SteadyTime, wall: WallTime) {
        preconditionIsOnOwnThread()
        assert(steady >= now, "steady time never steps back")
        now = steady
        wallNow = wall
    }

    /// Sends the heartbeats and ends the streams that are due. Call it a few times a second, after
    /// ``setTime(steady:wall:)``.
    package func tick() {
        preconditionIsEntrance()
        for subscriber in unread where subscriber.state == .reading { enqueue(subscriber) }
        unread.removeAll()
        for subscriber in wheel.due(at: now) where subscriber.state != .ended { checkTimers(of: subscriber) }
    }

    private func checkTimers(of subscriber: Subscriber) {
        if let expiresAt = subscriber.expiresAt, wallNow >= expiresAt {
            return sendLast(ControlFrame.tokenExpired(subscriber), to: subscriber, .tokenExpired)
        }
        if let age = retirementTime(of: subscriber), now >= age {
            return close(subscriber, .retired, retryMilliseconds: Int64.random(in: 100...1000, using: &random))
        }
        if let expiresAt = subscriber.expiresAt, !subscriber.isExpiryAnnounced,
            wallNow >= expiresAt - settings.expiryNoticeMilliseconds
        {
            subscriber.isExpiryAnnounced = true
            send(ControlFrame.tokenExpiring(subscriber), to: subscriber)
        }
        // A blocked subscriber gets no heartbeat: its outlet would not accept one.
        if now - subscriber.idleSince >= heartbeatInterval(of: subscriber), subscriber.state != .blocked,
            subscriber.state != .ended
        {
            sendHeartbeat(to: subscriber)
        }
        guard subscriber.state != .ended else { return }
        setWheel(subscriber, idleSince: subscriber.state == .blocked ? now : subscriber.idleSince)
    }

    private func sendHeartbeat(to subscriber: Subscriber) {
        counters.heartbeats += 1
        let place = place(of: subscriber)
        // If the outlet does not accept the whole frame, the subscriber leaves the head and `told` keeps this value.
        let hasMoved = place != max(subscriber.resumeID, subscriber.lastGroupEvent)
        let frame = ControlFrame.heartbeat(
            subscriber, at: place, hasMoved: hasMoved, listeners: listeners(to: subscriber.group))
        subscriber.resumeID = place
        send(frame, to: subscriber)
    }

    /// Schedules the next check of a stream: when its heartbeat may be due, or earlier for its token or its age.
    func setWheel(_ subscriber: Subscriber, idleSince time: SteadyTime) {
        let due = min(time + heartbeatInterval(of: subscriber), expiryCheck(subscriber) ?? .distantFuture)
        wheel.set(subscriber, at: min(due, retirementTime(of: subscriber) ?? .distantFuture))
    }

    /// When a stream reaches its greatest age: up to a quarter less than the setting, by the stream's own number, so
    /// that streams opened together do not all reconnect together.
    private func retirementTime(of subscriber: Subscriber) -> SteadyTime? {
        guard let age = settings.maxAgeMilliseconds else { return nil }
        let less = Int64(subscriber.id % 7919) * 7919 % (age / 4 + 1)
        return SteadyTime(milliseconds: Int64(subscriber.openedAtSteadySeconds) * 1000 + age - less)
    }

    /// How long a stream may be idle before its heartbeat: up to an eighth less than the setting, by the stream's own
    /// number, so that streams last written to in one moment do not all get their heartbeats in one moment.
    private func heartbeatInterval(of subscriber: Subscriber) -> Int64 {
        let interval = settings.heartbeatMilliseconds
        // A prime, so that streams opened one after the other get values far apart.
        return interval - Int64(subscriber.id % 7919) * 7919 % (interval / 8 + 1)
    }

    /// When a stream must be checked because of its token: to announce the end, or at the end.
    private func expiryCheck(_ subscriber: Subscriber) -> SteadyTime? {
        guard let expiresAt = subscriber.expiresAt else { return nil }
        let notice = subscriber.isExpiryAnnounced ? 0 : settings.expiryNoticeMilliseconds
        // A token may name any time, even one that overflows the clock.
        let left = max(expiresAt.milliseconds, 0) - notice - wallNow.milliseconds
        let time = now.milliseconds.addingReportingOverflow(left)
        return time.overflow ? nil : SteadyTime(milliseconds: time.partialValue)
    }

    /// Extends a stream to the end of a fresh token. A token that ends before the stream's present one changes nothing.
    /// - Parameters:
    ///   - expiresAt: the fresh token's end; nil if it has none.
    ///   - mark: the fresh token's ``Subscription/mark``.
    /// - Returns: when the stream's token ends now; nil for never.
    package func renew(
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

    /// Sends `draining` to up to `most` streams and ends them.
    /// - Parameter spreadMilliseconds: the span over which their clients should spread their reconnects.
    /// - Returns: how many streams are left.
    package func drain(upTo most: Int, spreadMilliseconds: Int64) -> Int {
        preconditionIsEntrance()
        for subscriber in subscribers.values.prefix(most) {
            // Even a few clients should not reconnect in the same moment.
            let spread = max(1, spreadMilliseconds, settings.retryMilliseconds / 4)
            let retry = settings.retryMilliseconds + Int64.random(in: 0...spread, using: &random)
            sendLast(ControlFrame.draining(subscriber, retryMilliseconds: retry), to: subscriber, .draining)
        }
        return subscribers.count
    }
}
