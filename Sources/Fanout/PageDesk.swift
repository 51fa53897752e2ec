internal import Events
internal import Wire

/// Pages of the journal for subscribers that are behind the ring. Subscribers with the same cursor share one read, and
/// a page serves all subscribers whose cursor lies in it.
struct PageDesk {
    private var waiting: [EventID: [Subscriber]] = [:]
    private var queue: [EventID] = []
    private var reading = 0
    private var pages: [JournalPage] = []
    private static let keptPages = 8

    /// A stored page that contains the events after `cursor`, if there is one.
    func page(after cursor: EventID) -> JournalPage? {
        pages.first { $0.holds(cursor) }
    }

    /// A stored page that can confirm or reject a cursor that a client sent, if there is one.
    func page(around cursor: EventID) -> JournalPage? {
        pages.first { $0.serves(cursor) }
    }

    /// Adds `subscriber` to those that wait for the page after `cursor`; ``nextReads()`` starts the read.
    mutating func ask(for subscriber: Subscriber, after cursor: EventID) {
        if waiting[cursor] == nil { queue.append(cursor) }
        waiting[cursor, default: []].append(subscriber)
    }

    /// The reads to begin now: few at a time, in the order in which they were requested.
    mutating func nextReads() -> ArraySlice<EventID> {
        let reads = queue.prefix(max(0, Limits.waitingPages - reading))
        queue.removeFirst(reads.count)
        reading += reads.count
        return reads
    }

    /// Stores the page that was read after `cursor`; nil if the read failed.
    /// - Returns: the subscribers that waited for it, and those whose own read has not begun and whose cursor lies in
    ///   it: after an outage most clients reconnect with different ids within the same few pages.
    mutating func arrived(_ page: JournalPage?, after cursor: EventID) -> [Subscriber] {
        precondition(reading > 0, "a page arrives only if one was requested")
        reading -= 1
        var served = waiting.removeValue(forKey: cursor) ?? []
        guard let page, !page.events.isEmpty else { return served }
        if pages.count == Self.keptPages { pages.removeFirst() }
        pages.append(page)
        for other in queue where page.serves(other) { served += waiting.removeValue(forKey: other) ?? [] }
        queue.removeAll { waiting[$0] == nil }
        return served
    }

    /// True while any subscriber waits for a page.
    var isBusy: Bool { !waiting.isEmpty }

    /// Frees the pages, when no subscriber is behind any more.
    mutating func forgetPages() { pages.removeAll() }
}

extension JournalPage {
    /// True when the event that follows `cursor` in the journal is in this page. False for a cursor below the trimmed
    /// extent at the time of the read: events between the cursor and the first event of the page are missing.
    func holds(_ cursor: EventID) -> Bool {
        guard max(after, extent.trimmedThrough) <= cursor, let last = events.last else { return false }
        return cursor < last.id
    }

    /// True when the page has the events after `cursor`, or shows that the journal never assigned this id.
    func serves(_ cursor: EventID) -> Bool {
        guard cursor != after, let last = events.last else { return cursor == after }
        return after < cursor && cursor < last.id
    }

    /// True when `cursor`, which this page serves, is an id or a place of the journal.
    func knows(_ cursor: EventID) -> Bool {
        if cursor == after { return cursorIsKnown }
        var (low, high) = (events.startIndex, events.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].id < cursor { low = middle + 1 } else { high = middle }
        }
        // The trimmed extent itself is a valid cursor, as in the journal.
        if cursor == extent.trimmedThrough { return true }
        return low < events.endIndex && (events[low].id == cursor || cursor.isPlace(before: events[low].id))
    }
}
