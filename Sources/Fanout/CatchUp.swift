public import Events
internal import Glibc

// Behind the head: resume, slow readers, and everybody who is served alone.
extension Hub {
    /// An outlet that would not take bytes does again.
    public func outletHasRoom(_ subscriber: Subscriber) {
        guard subscriber.state == .blocked else { return }
        subscriber.state = .queued
        if flush(subscriber) { proceed(subscriber) }
    }

    /// True when ``runTurn()`` has something to do.
    public var needsTurn: Bool { !queue.isEmpty }

    /// Lets subscribers that are behind have their turns: a bounded number of bytes and, by ``turnIsOver``, a bounded
    /// time, so that live delivery and ingest come between the turns. However short the time, it gets on.
    public func runTurn() {
        isInTurn = true
        defer { isInTurn = false }
        let limit = counters.sentBytes + UInt64(4 * Limits.turnBytes)
        var done = 0
        while done < queue.count, done < Limits.turnSubscribers, counters.sentBytes < limit {
            let subscriber = queue[done]
            done += 1
            subscriber.isQueued = false
            if subscriber.state == .queued { pump(subscriber) }
            if turnIsOver() { break }
        }
        queue.removeFirst(done)
        beginReads()
    }

    /// Brings a page that ``readPage`` asked for; nil if it could not be read.
    public func pageArrived(_ page: LogPage?, after cursor: EventID) {
        for subscriber in desk.arrived(page, after: cursor) where subscriber.state == .reading {
            // Who was blocked in between may have gone on from another page.
            guard page?.serves(subscriber.cursor) ?? (subscriber.cursor == cursor) else { continue }
            guard let page else {
                unread.append(subscriber)
                continue
            }
            take(page, for: subscriber)
        }
        beginReads()
    }

    private func take(_ page: LogPage, for subscriber: Subscriber) {
        subscriber.state = .queued
        let oldest = page.extent.trimmedThrough
        var reason: Resync.Reason?
        // Also where nothing of the gap would have been sent: retention leaves no trace of what it removes. To know it,
        // the log would have to keep the last id of every room, type and participant that it ever held, and to write
        // that with each event. Heartbeats move the id of a quiet stream instead, so that its gap is a short one.
        if subscriber.cursor < oldest { reason = .expired }
        if subscriber.cursorIsUnchecked && reason == nil && !page.knows(subscriber.cursor) { reason = .unknown }
        subscriber.cursorIsUnchecked = false
        extent.trimmedThrough = max(extent.trimmedThrough, oldest)
        if let reason {
            subscriber.cursor = extent.trimmedThrough
            subscriber.told = max(subscriber.cursor, .beginning)
            guard send(resync(subscriber, reason), to: subscriber) else { return }
        } else if page.events.isEmpty {
            // Nothing followed the cursor when the page was read. What was published since is in the ring.
            subscriber.cursor = max(subscriber.cursor, page.extent.head)
        } else {
            subscriber.page = page
        }
        enqueue(subscriber)
    }

    private func beginReads() {
        if queue.isEmpty && !desk.isBusy { desk.forgetPages() }
        // Pages that wait for their readers' turns take memory, so no more are fetched than can be used soon.
        guard queue.count < Limits.turnSubscribers * 4 else { return }
        for cursor in desk.nextReads() {
            counters.pageReads += 1
            readPage(cursor)
        }
    }

    func enqueue(_ subscriber: Subscriber) {
        subscriber.state = .queued
        guard !subscriber.isQueued else { return }
        subscriber.isQueued = true
        queue.append(subscriber)
    }

    /// Goes on with a subscriber that has nothing unsent: it is live if it stands at the head; behind it, it queues,
    /// and beyond it, it waits.
    func proceed(_ subscriber: Subscriber) {
        let hasItsBytes = subscriber.limitBytes.map { subscriber.sentBytes >= Int($0) } ?? false
        if subscriber.remainingEvents == 0 || hasItsBytes { return finish(subscriber, .limitReached) }
        if subscriber.hasLastChunk { return end(subscriber, .caughtUp) }
        guard subscriber.cursor >= head && !subscriber.cursorIsUnchecked else { return enqueue(subscriber) }
        if subscriber.endsWhenCaughtUp { return finish(subscriber, .caughtUp) }
        subscriber.page = nil
        guard subscriber.cursor == head else {
            subscriber.state = .ahead
            return ahead.append(subscriber)
        }
        subscriber.state = .live
        liveCount += 1
        if subscriber.isServedAlone {
            alone[subscriber.id] = subscriber
        } else {
            subscriber.group.addLive(subscriber)
        }
    }

    /// Writes what comes next for a subscriber that is behind, until it has had its share.
    func pump(_ subscriber: Subscriber) {
        guard flush(subscriber) else { return }
        guard !subscriber.hasLastChunk, subscriber.cursor < head || subscriber.cursorIsUnchecked else {
            return proceed(subscriber)
        }
        if subscriber.cursor >= ring.floor && !subscriber.cursorIsUnchecked {
            let events = ring.events
            counters.ringReads += 1
            write(events[ring.index(after: subscriber.cursor)...], to: subscriber)
            return
        }
        if subscriber.cursorIsUnchecked {
            if let page = desk.page(around: subscriber.cursor) { return take(page, for: subscriber) }
            subscriber.page = nil
        } else if subscriber.page?.holds(subscriber.cursor) != true {
            subscriber.page = desk.page(after: subscriber.cursor)
        }
        guard let page = subscriber.page else {
            subscriber.state = .reading
            desk.ask(for: subscriber, after: subscriber.cursor)
            beginReads()
            return
        }
        write(page.events.drop { $0.id <= subscriber.cursor }, to: subscriber)
    }

    /// Offers the matching ones of `events`, as many as fit into one write.
    private func write(_ events: ArraySlice<LoggedEvent>, to subscriber: Subscriber) {
        let group = subscriber.group
        var chosen: [LoggedEvent] = []
        var reached = subscriber.cursor
        var looked = 0
        let most = subscriber.remainingEvents.map { Int($0) } ?? .max
        buffers.removeAll()
        // A page may reach beyond what was published here yet: then the cursor is ahead, and what it has is not sent
        // again when its commit comes.
        for event in events {
            if chosen.count == most || buffers.isFull || looked == Limits.turnEvents { break }
            if isInTurn, looked > 0, looked % Limits.turnClockEvents == 0, turnIsOver() { break }
            looked += 1
            reached = event.id
            guard group.key.filter.admits(event.event, to: subscriber.audienceName) else { continue }
            builder.append(event, as: group.key.format, to: buffers)
            chosen.append(event)
        }
        guard !chosen.isEmpty else {
            subscriber.cursor = reached
            return proceed(subscriber)
        }
        let bytes = buffers.bytes
        switch subscriber.outlet.write(chosen, as: buffers.buffers) {
        case .took(let count):
            wrote(count, to: subscriber)
            settle(subscriber, after: count, of: chosen)
            guard count == bytes else { return block(subscriber) }
            subscriber.cursor = reached
            proceed(subscriber)
        case .gone:
            end(subscriber, .clientClosed)
        }
    }

    /// Writes what is unsent.
    /// - Returns: true when nothing is left; else the subscriber waits for room, or has ended.
    func flush(_ subscriber: Subscriber) -> Bool {
        while !subscriber.unsent.isEmpty {
            buffers.removeAll()
            var pieces = 0
            while pieces < subscriber.unsent.count, !buffers.isFull {
                switch subscriber.unsent[pieces] {
                case .bytes(let bytes): buffers.append(bytes.buffer)
                case .event(let event): builder.append(event, as: subscriber.group.key.format, to: buffers)
                }
                pieces += 1
                if pieces == 1 { buffers.dropFirst(subscriber.unsentOffset) }
            }
            guard case .took(let count) = subscriber.outlet.write(buffers.buffers) else {
                end(subscriber, .clientClosed)
                return false
            }
            wrote(count, to: subscriber)
            let isWhole = count == buffers.bytes
            advance(subscriber, by: count)
            guard isWhole else {
                leaveHead(subscriber)
                block(subscriber)
                return false
            }
        }
        return true
    }

    /// Takes `count` bytes off the front of what is unsent.
    private func advance(_ subscriber: Subscriber, by count: Int) {
        var rest = subscriber.unsentOffset + count
        var sent = 0
        for piece in subscriber.unsent {
            let size =
                switch piece {
                case .bytes(let bytes): bytes.count
                case .event(let event): builder.size(of: event, as: subscriber.group.key.format)
                }
            guard rest >= size else { break }
            rest -= size
            sent += 1
        }
        if sent == subscriber.unsent.count {
            subscriber.unsent = []
        } else {
            subscriber.unsent.removeFirst(sent)
        }
        subscriber.unsentOffset = rest
    }

    /// Sends a control frame, as one chunk where the stream has chunks: at once, or behind what is unsent.
    /// - Returns: true when nothing is left unsent.
    @discardableResult
    func send(_ frame: [UInt8], to subscriber: Subscriber) -> Bool {
        sendBytes(Chunk.around(frame, if: subscriber.group.key.format.isChunked), to: subscriber)
    }

    /// Sends a stream's last frame, and with it the last chunk where it has chunks, and ends the stream.
    func sendLast(_ frame: [UInt8], to subscriber: Subscriber, _ reason: StreamEnd) {
        guard subscriber.state != .ended else { return }
        let isChunked = subscriber.group.key.format.isChunked
        subscriber.hasLastChunk = isChunked
        sendBytes(Chunk.around(frame, if: isChunked) + (isChunked ? Chunk.last : []), to: subscriber)
        end(subscriber, reason)
    }

    /// Ends a stream that has received all it asked for, once the last chunk is with the outlet.
    private func finish(_ subscriber: Subscriber, _ reason: StreamEnd) {
        if subscriber.group.key.format.isChunked && !subscriber.hasLastChunk {
            subscriber.hasLastChunk = true
            guard sendBytes(Chunk.last, to: subscriber) else { return }
        }
        end(subscriber, reason)
    }

    @discardableResult
    private func sendBytes(_ bytes: [UInt8], to subscriber: Subscriber) -> Bool {
        guard subscriber.state != .ended else { return false }
        subscriber.unsent.append(.bytes(SharedBytes(bytes)))
        // A blocked outlet is not tried again before it says that it has room.
        guard subscriber.state != .blocked else { return false }
        return flush(subscriber)
    }
}
