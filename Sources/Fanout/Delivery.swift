package import Events
internal import Glibc
internal import Wire

// Live delivery: the events of a commit are written to all subscribers at the head.
extension Hub {
    /// Writes committed events, in their order, to every live subscriber whose filter admits them: one write for each
    /// subscriber, however many events there are. Without events, only the trimmed extent changes.
    package func publish(_ events: [JournalEvent], extent: JournalExtent) {
        preconditionIsEntrance()
        isPublishing = true
        defer { isPublishing = false }
        let before = head
        ring.drop(through: extent.trimmedThrough)
        let singles = route(events, before: before)
        // A page read meanwhile may have reported a later trimming than this commit.
        self.extent.trimmedThrough = max(self.extent.trimmedThrough, extent.trimmedThrough)
        self.extent.head = max(extent.head, head)
        for group in touched { deliver(group) }
        touched.removeAll(keepingCapacity: true)
        for subscriber in singles where subscriber.state != .ended { pump(subscriber) }
    }

    /// Adds events to the ring and to the groups whose filters admit them.
    /// - Returns: subscribers that are not written to with their group this time. The cursors of those that were at the
    ///   head are set to `before`.
    private func route(_ events: [JournalEvent], before: EventID) -> [Subscriber] {
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

    /// Writes a group's pending events to its live members. The pieces are built once for all of them.
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

    private func deliver(_ events: ArraySlice<JournalEvent>, to group: Group) {
        let pieces = buffers.buffers
        let all = OutletResult.took(buffers.bytes)
        var index = 0
        // A member that falls behind or ends is replaced in the list by the last member, so the index stays.
        while index < group.live.count {
            let result = write(pieces, toMember: index, of: group)
            if result == all {
                index += 1
            } else {
                removeFromGroup(group.live[index], result, of: events)
            }
        }
        // One total for all members: see ``Group/descriptors``.
        let delivered = Sent(bytes: buffers.bytes, events: events.count)
        if let last = events.last { group.recordDelivery(delivered, through: last.id, now: now) }
        counters.deliveries += UInt64(delivered.events * group.live.count)
        counters.sentBytes += UInt64(delivered.bytes * group.live.count)
    }

    func write(
        _ pieces: UnsafeMutableBufferPointer<iovec>, toMember index: Int, of group: Group
    ) -> OutletResult {
        let descriptor = group.descriptors[index]
        return descriptor >= 0 ? writeDirectly(descriptor, pieces) : group.live[index].outlet.write(pieces)
    }

    /// Removes a live subscriber from its group because its outlet did not accept all of `events`.
    private func removeFromGroup(_ subscriber: Subscriber, _ result: OutletResult, of events: ArraySlice<JournalEvent>)
    {
        guard case .took(let count) = result else { return end(subscriber, .clientClosed) }
        leaveHead(subscriber)
        wrote(count, to: subscriber)
        advanceCursor(of: subscriber, after: count, of: events)
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
        subscriber.group.addBehind(subscriber)
        subscriber.page = nil
        subscriber.outlet.waitForRoom()
    }

    /// Moves the cursor of a subscriber whose outlet accepted `count` bytes of `events`: to the last event of which any
    /// byte was accepted. The rest of that event becomes unsent.
    func advanceCursor(of subscriber: Subscriber, after count: Int, of events: some Sequence<JournalEvent>) {
        var rest = count
        for event in events {
            guard rest > 0 else {
                // This cursor is internal and never sent to the client, so any number just below the event's id works.
                subscriber.cursor = EventID(rawValue: event.id.rawValue - 1)
                return
            }
            counters.deliveries += 1
            subscriber.ownSent.events += 1
            subscriber.remainingEvents = subscriber.remainingEvents.map { $0 - 1 }
            let size = builder.size(of: event, as: subscriber.group.key.format)
            subscriber.cursor = event.id
            // The unsent rest of this event is sent before anything else, so the client will have this id.
            subscriber.resumeID = event.id
            if rest < size {
                subscriber.unsent = [.event(event)]
                subscriber.unsentOffset = rest
                return
            }
            rest -= size
        }
    }
}
