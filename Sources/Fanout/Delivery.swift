public import Events
internal import Glibc

// Live delivery: what a commit brings goes to everybody who stands at the head.
extension Hub {
    /// Takes events that were committed, in order, and writes them to every live subscriber whose filter admits
    /// them: one write a subscriber, however many events there are. Without events it tells what was trimmed.
    public func publish(_ events: [LoggedEvent], extent: LogExtent) {
        let before = head
        ring.drop(through: extent.trimmedThrough)
        let singles = route(events, before: before)
        // A page may have told of a later trimming than this commit knew.
        self.extent.trimmedThrough = max(self.extent.trimmedThrough, extent.trimmedThrough)
        self.extent.head = max(extent.head, head)
        for group in touched { deliver(group) }
        touched.removeAll(keepingCapacity: true)
        for subscriber in singles where subscriber.state != .ended { pump(subscriber) }
    }

    /// Puts events into the ring and into the groups that they concern.
    /// - Returns: subscribers that are not served with their group this time, those at the head among them, which
    ///   stand at `before` now.
    private func route(_ events: [LoggedEvent], before: EventID) -> [Subscriber] {
        var singles = Array(alone.values)
        for subscriber in singles { leaveHead(subscriber) }
        for subscriber in ahead where subscriber.state == .ahead {
            subscriber.state = .queued
            singles.append(subscriber)
        }
        ahead.removeAll()
        for logged in events {
            if let users = logged.event.users {
                for user in Set(users) {
                    for subscriber in byUser[user] ?? [] where subscriber.state == .live && subscriber.isAddressable {
                        leaveHead(subscriber)
                        subscriber.cursor = before
                        singles.append(subscriber)
                    }
                }
            } else {
                groups.forEachMatching(logged.event) { group in
                    if group.turn.isEmpty { touched.append(group) }
                    group.turn.append(logged)
                }
            }
            ring.append(logged)
        }
        return singles
    }

    /// Writes a group's turn to its live members. The pieces are built once for all of them.
    private func deliver(_ group: Group) {
        var next = group.turn.startIndex
        while next < group.turn.endIndex, !group.live.isEmpty {
            let first = next
            buffers.removeAll()
            repeat {
                builder.append(group.turn[next], as: group.key.format, to: buffers)
                next += 1
            } while next < group.turn.endIndex && !buffers.isFull
            deliver(group.turn[first..<next], to: group)
        }
        group.turn.removeAll(keepingCapacity: group.turn.capacity <= Limits.writeBuffers)
    }

    private func deliver(_ events: ArraySlice<LoggedEvent>, to group: Group) {
        let pieces = buffers.buffers
        let all = OutletResult.took(buffers.bytes)
        var index = 0
        // Who falls behind or ends is replaced in the list by its last member, so the index stays.
        while index < group.live.count {
            let result = write(pieces, toMember: index, of: group)
            if result == all {
                index += 1
            } else {
                part(group.live[index], result, of: events)
            }
        }
        // Counted once for all: see ``Group/descriptors``.
        let brought = Sent(bytes: buffers.bytes, events: events.count)
        if let last = events.last { group.brought(brought, through: last.id, now: now) }
        counters.deliveries += UInt64(brought.events * group.live.count)
        counters.sentBytes += UInt64(brought.bytes * group.live.count)
    }

    private func write(
        _ pieces: UnsafeMutableBufferPointer<iovec>, toMember index: Int, of group: Group
    ) -> OutletResult {
        let descriptor = group.descriptors[index]
        return descriptor >= 0 ? writeDirectly(descriptor, pieces) : group.live[index].outlet.write(pieces)
    }

    /// Takes a live subscriber away from its group, whose outlet did not take all of `events`.
    private func part(_ subscriber: Subscriber, _ result: OutletResult, of events: ArraySlice<LoggedEvent>) {
        guard case .took(let count) = result else { return end(subscriber, .clientClosed) }
        leaveHead(subscriber)
        wrote(count, to: subscriber)
        settle(subscriber, after: count, of: events)
        block(subscriber)
    }

    func wrote(_ bytes: Int, to subscriber: Subscriber) {
        guard bytes > 0 else { return }
        subscriber.lastWrite = now
        subscriber.ownSent.bytes += bytes
        counters.sentBytes += UInt64(bytes)
    }

    func block(_ subscriber: Subscriber) {
        counters.shortWrites += 1
        subscriber.state = .blocked
        subscriber.page = nil
        subscriber.outlet.waitForRoom()
    }

    /// Sets the cursor of a subscriber whose outlet took only `count` bytes of `events`: behind the last event of
    /// which anything was taken. The rest of that one is unsent.
    func settle(_ subscriber: Subscriber, after count: Int, of events: some Sequence<LoggedEvent>) {
        var rest = count
        for event in events {
            guard rest > 0 else {
                // Any number below this event's id will do for a cursor that was never given to the client.
                subscriber.cursor = EventID(rawValue: event.id.rawValue - 1)
                return
            }
            counters.deliveries += 1
            subscriber.ownSent.events += 1
            subscriber.remainingEvents = subscriber.remainingEvents.map { $0 - 1 }
            let size = builder.size(of: event, as: subscriber.group.key.format)
            subscriber.cursor = event.id
            // What is unsent of it goes out before anything else does.
            subscriber.told = event.id
            if rest < size {
                subscriber.unsent = [.event(event)]
                subscriber.unsentOffset = rest
                return
            }
            rest -= size
        }
    }
}
