package import Events
internal import Glibc
internal import Wire

// Ephemeral events: they are written once to the streams that are open, move no cursor, and are never replayed.
extension Hub {
    /// Writes an ephemeral event to every stream whose filter admits it, and that is at the head with room in its
    /// outlet. For the others the event waits until they are, unless a newer one takes its place. Pages and polls get
    /// none.
    package func broadcast(_ ephemeral: EphemeralEvent) {
        preconditionIsEntrance()
        isPublishing = true
        defer { isPublishing = false }
        var frames = EphemeralFrames(ephemeral)
        let event = ephemeral.event
        if let users = event.users {
            for user in Set(users) {
                for subscriber in byUser[user] ?? []
                where subscriber.isAddressable && subscriber.group.key.filter.admits(event, to: user) {
                    offer(&frames, to: subscriber)
                }
            }
            return
        }
        // Streams may end meanwhile, and change the groups.
        var matching: [Group] = []
        groups.forEachMatching(event) { matching.append($0) }
        for group in matching { broadcast(&frames, to: group) }
        for subscriber in Array(alone.values) where subscriber.group.key.filter.admits(event, to: "") {
            offer(&frames, to: subscriber)
        }
    }

    /// Writes the same bytes to all live members of a group.
    private func broadcast(_ frames: inout EphemeralFrames, to group: Group) {
        // As they are now: members that fall behind in this delivery are looked after there.
        let behind = group.behind
        let frame = frames.frame(for: group.key.format)
        buffers.removeAll()
        buffers.append(frame.buffer)
        let pieces = buffers.buffers
        let all = OutletResult.took(frame.count)
        var index = 0
        // A member that falls behind or ends is replaced in the list by the last member, so the index stays.
        while index < group.live.count {
            let result = write(pieces, toMember: index, of: group)
            if result == all {
                index += 1
            } else {
                removeFromGroup(group.live[index], result, frame, frames.event)
            }
        }
        group.recordBroadcast(bytes: frame.count)
        counters.ephemeralDeliveries += UInt64(group.live.count)
        counters.sentBytes += UInt64(frame.count * group.live.count)
        for subscriber in behind { hold(frames.event, for: subscriber) }
    }

    /// Writes to one stream, or has the event wait for it.
    private func offer(_ frames: inout EphemeralFrames, to subscriber: Subscriber) {
        guard subscriber.takesEphemeralEvents else { return }
        guard subscriber.state == .live else { return hold(frames.event, for: subscriber) }
        let frame = frames.frame(for: subscriber.group.key.format)
        let result = write(frame, to: subscriber)
        guard result == .took(frame.count) else { return removeFromGroup(subscriber, result, frame, frames.event) }
        recordBroadcast(frame.count, to: subscriber)
    }

    private func write(_ frame: SharedBytes, to subscriber: Subscriber) -> OutletResult {
        buffers.removeAll()
        buffers.append(frame.buffer)
        return subscriber.outlet.write(buffers.buffers)
    }

    /// Counts bytes that were written to one stream. They postpone no heartbeat: heartbeats move the client's last id,
    /// and ephemeral events do not.
    private func recordBroadcast(_ bytes: Int, to subscriber: Subscriber) {
        subscriber.ownSent.bytes += bytes
        counters.sentBytes += UInt64(bytes)
        counters.ephemeralDeliveries += 1
    }

    /// Removes a live subscriber from its group because its outlet did not accept all of an ephemeral event.
    private func removeFromGroup(
        _ subscriber: Subscriber, _ result: OutletResult, _ frame: SharedBytes, _ event: EphemeralEvent
    ) {
        guard case .took(let count) = result else { return end(subscriber, .clientClosed) }
        leaveHead(subscriber)
        if count > 0 {
            recordBroadcast(count, to: subscriber)
            subscriber.unsent = [.bytes(frame)]
            subscriber.unsentOffset = count
        } else {
            hold(event, for: subscriber)
        }
        block(subscriber)
    }

    // MARK: Streams that are behind

    /// Keeps an event for a stream that is behind, in place of what it makes worthless.
    private func hold(_ event: EphemeralEvent, for subscriber: Subscriber) {
        guard subscriber.takesEphemeralEvents, subscriber.state != .ended, !subscriber.hasLastChunk else { return }
        counters.ephemeralDropped += UInt64(held[subscriber.id, default: HeldEphemerals()].put(event))
    }

    /// Writes the events that waited for a stream which has just come to the head.
    func sendHeld(to subscriber: Subscriber) {
        guard let waiting = held.removeValue(forKey: subscriber.id) else { return }
        var rest = waiting.events[...]
        while let event = rest.popFirst() {
            var frames = EphemeralFrames(event)
            let frame = frames.frame(for: subscriber.group.key.format)
            let result = write(frame, to: subscriber)
            guard result != .took(frame.count) else {
                recordBroadcast(frame.count, to: subscriber)
                continue
            }
            removeFromGroup(subscriber, result, frame, event)
            for event in rest { hold(event, for: subscriber) }
            return
        }
    }

    /// Forgets the events that wait for a stream which ends.
    func dropHeld(for subscriber: Subscriber) {
        guard !held.isEmpty, let waiting = held.removeValue(forKey: subscriber.id) else { return }
        counters.ephemeralDropped += UInt64(waiting.events.count)
    }

    /// How many ephemeral events wait for streams that are behind.
    package var heldCount: Int { held.values.reduce(0) { $0 + $1.events.count } }
}

/// The ephemeral events that wait for one stream, oldest first: of each sender, type and room the newest.
struct HeldEphemerals {
    private(set) var events: [EphemeralEvent] = []
    private var bytes = 0

    /// Adds an event.
    /// - Returns: how many were dropped for it.
    mutating func put(_ event: EphemeralEvent) -> Int {
        let before = events.count
        remove { event.replaces($0) }
        events.append(event)
        bytes += event.bytes
        while events.count > 1, events.count > Limits.heldEphemerals || bytes > Limits.heldEphemeralBytes {
            bytes -= events.removeFirst().bytes
        }
        return before + 1 - events.count
    }

    private mutating func remove(where isReplaced: (EphemeralEvent) -> Bool) {
        guard let index = events.firstIndex(where: isReplaced) else { return }
        bytes -= events.remove(at: index).bytes
    }
}

/// The bytes of one ephemeral event, encoded once for each format.
struct EphemeralFrames {
    let event: EphemeralEvent
    private var frames: [(format: StreamFormat, bytes: SharedBytes)] = []

    init(_ event: EphemeralEvent) {
        self.event = event
    }

    /// The frame: in SSE without `id:`, so that the client's last id stays.
    mutating func frame(for format: StreamFormat) -> SharedBytes {
        var format = format
        // There is no body of a provider to show.
        format.showsRaw = false
        if let known = frames.first(where: { $0.format == format }) { return known.bytes }
        let bytes = SharedBytes(Chunk.around(encoded(format), if: format.isChunked))
        frames.append((format, bytes))
        return bytes
    }

    private func encoded(_ format: StreamFormat) -> [UInt8] {
        guard format.encoding == .sse else { return NewlineDelimitedJSON.line(event.json) }
        let name = format.isNamed ? ServerSentEvents.event(FrameBuilder.name(of: event.event.type)) : []
        return name + ServerSentEvents.data(event.json)
    }
}

extension Subscriber {
    /// True for a stream. A page, or a poll, is over when it has caught up, or has its bytes.
    var takesEphemeralEvents: Bool { limitBytes == nil && !endsWhenCaughtUp }
}
