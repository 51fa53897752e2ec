package import Events
internal import Glibc
internal import Wire

// Subscribers that are not served with their group: those that resume, read slowly, or have a limit of their own.
extension Hub {
    /// Continues a blocked subscriber: its outlet accepts bytes again.
    package func outletHasRoom(_ subscriber: Subscriber) {
        preconditionIsEntrance()
        guard subscriber.state == .blocked else { return }
        subscriber.state = .queued
        if flush(subscriber) { proceed(subscriber) }
    }

    /// True when ``runTurn()`` has something to do.
    package var needsTurn: Bool { !queue.isEmpty }

    /// Writes to subscribers that are behind, each in its turn, for a bounded number of bytes and, by ``turnIsOver``, a
    /// bounded time, so that live delivery and ingest run between the turns. At least one subscriber is served, however
    /// short the time.
    package func runTurn() {
        preconditionIsEntrance()
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

    /// Continues the subscribers that wait for a page, with the page that ``readPage`` requested; nil if the read
    /// failed.
    package func pageArrived(_ page: JournalPage?, after cursor: EventID) {
        preconditionIsEntrance()
        for subscriber in desk.arrived(page, after: cursor) where subscriber.state == .reading {
            // A subscriber that was blocked in between may have continued from another page.
            guard page?.serves(subscriber.cursor) ?? (subscriber.cursor == cursor) else { continue }
            guard let page else {
                unread.append(subscriber)
                continue
            }
            serve(page, to: subscriber)
        }
        beginReads()
    }

    private func serve(_ page: JournalPage, to subscriber: Subscriber) {
        subscriber.state = .queued
        let oldest = page.extent.trimmedThrough
        var reason: Resync.Reason?
        // A cursor older than retention is a gap even if the filter admits none of the removed events: the hub cannot
        // know, since retention leaves no trace of what it removes. To know it, the journal would have to store the
        // last id of every room, type and participant it ever held, and update them with each event. Heartbeats move
        // the id of a quiet stream instead, so its gap stays short.
        if subscriber.cursor < oldest { reason = .expired }
        if subscriber.cursorIsUnchecked && reason == nil && !page.knows(subscriber.cursor) { reason = .unknown }
        subscriber.cursorIsUnchecked = false
        extent.trimmedThrough = max(extent.trimmedThrough, oldest)
        if let reason {
            subscriber.cursor = extent.trimmedThrough
            subscriber.resumeID = max(subscriber.cursor, .beginning)
            guard send(resync(subscriber, reason), to: subscriber) else { return }
        } else if page.events.isEmpty {
            // The journal had no event after the cursor when the page was read. Events published since then are in the
            // ring.
            subscriber.cursor = max(subscriber.cursor, page.extent.head)
        } else {
            subscriber.page = page
        }
        enqueue(subscriber)
    }

    private func beginReads() {
        if queue.isEmpty && !desk.isBusy { desk.forgetPages() }
        // Pages occupy memory until their subscribers have their turns, so no more are requested than can be used soon.
        guard queue.count < Limits.turnSubscribers * 4 else { return }
        for cursor in desk.nextReads() {
            counters.pageReads += 1
            readPage(cursor)
        }
    }

    func enqueue(_ subscriber: Subscriber) {
        subscriber.state = .queued
        subscriber.group.addBehind(subscriber)
        guard !subscriber.isQueued else { return }
        subscriber.isQueued = true
        queue.append(subscriber)
    }

    /// Decides what comes next for a subscriber that has nothing unsent. At the head it becomes live; behind the head
    /// it joins the queue; with a cursor beyond the head it waits until this hub has published that far.
    func proceed(_ subscriber: Subscriber) {
        let hasItsBytes = subscriber.limitBytes.map { subscriber.sentBytes >= Int($0) } ?? false
        if subscriber.remainingEvents == 0 || hasItsBytes { return finish(subscriber, .limitReached) }
        if subscriber.hasLastChunk { return end(subscriber, .caughtUp) }
        guard subscriber.cursor >= head && !subscriber.cursorIsUnchecked else { return enqueue(subscriber) }
        if subscriber.endsWhenCaughtUp { return finish(subscriber, .caughtUp) }
        subscriber.page = nil
        guard subscriber.cursor == head else {
            subscriber.state = .ahead
            subscriber.group.addBehind(subscriber)
            return ahead.append(subscriber)
        }
        subscriber.state = .live
        subscriber.group.removeBehind(subscriber)
        liveCount += 1
        if subscriber.isServedAlone {
            alone[subscriber.id] = subscriber
        } else {
            subscriber.group.addLive(subscriber)
        }
        if !held.isEmpty { sendHeld(to: subscriber) }
    }

    /// Writes the next events to a subscriber that is behind: one write, from the ring or from a page.
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
            if let page = desk.page(around: subscriber.cursor) { return serve(page, to: subscriber) }
            subscriber.page = nil
        } else if subscriber.page?.holds(subscriber.cursor) != true {
            subscriber.page = desk.page(after: subscriber.cursor)
        }
        guard let page = subscriber.page else {
            subscriber.state = .reading
            subscriber.group.addBehind(subscriber)
            desk.ask(for: subscriber, after: subscriber.cursor)
            beginReads()
            return
        }
        write(page.events.drop { $0.id <= subscriber.cursor }, to: subscriber)
    }

    /// Offers the matching ones of `events`, as many as fit into one write.
    private func write(_ events: ArraySlice<JournalEvent>, to subscriber: Subscriber) {
        let group = subscriber.group
        var chosen: [JournalEvent] = []
        var reached = subscriber.cursor
        var looked = 0
        let most = subscriber.remainingEvents.map { Int($0) } ?? .max
        buffers.removeAll()
        // A page may contain events that this hub has not published yet. The cursor is then beyond the head, so these
        // events are not sent a second time when their commit arrives.
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
            advanceCursor(of: subscriber, after: count, of: chosen)
            guard count == bytes else { return block(subscriber) }
            subscriber.cursor = reached
            proceed(subscriber)
        case .gone:
            end(subscriber, .clientClosed)
        }
    }

    /// Writes the unsent bytes.
    /// - Returns: true when nothing is left; else the subscriber waits for its outlet, or has ended.
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

    /// Removes `count` bytes from the front of the unsent pieces.
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

    /// Sends a control frame (one chunk if the stream is chunked), after the bytes that are still unsent.
    /// - Returns: true when nothing is left unsent.
    @discardableResult
    func send(_ frame: [UInt8], to subscriber: Subscriber) -> Bool {
        sendBytes(Chunk.around(frame, if: subscriber.group.key.format.isChunked), to: subscriber)
    }

    /// Sends a stream's last frame, followed by the last chunk if the stream is chunked, and ends the stream.
    func sendLast(_ frame: [UInt8], to subscriber: Subscriber, _ reason: StreamEnd) {
        guard subscriber.state != .ended else { return }
        let isChunked = subscriber.group.key.format.isChunked
        subscriber.hasLastChunk = isChunked
        sendBytes(Chunk.around(frame, if: isChunked) + (isChunked ? Chunk.last : []), to: subscriber)
        end(subscriber, reason)
    }

    /// Ends a stream that has received everything it requested, once its outlet has accepted the last chunk.
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
        // A blocked outlet is not written to until it reports that it accepts bytes again.
        guard subscriber.state != .blocked else { return false }
        return flush(subscriber)
    }
}
