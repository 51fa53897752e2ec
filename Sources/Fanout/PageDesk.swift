internal import Events

/// Pages of the log for subscribers that are behind what is in memory. Those who stand at the same place share one
/// read; a page read for one serves all whose cursor lies in it.
struct PageDesk {
    private var waiting: [EventID: [Subscriber]] = [:]
    private var queue: [EventID] = []
    private var reading = 0
    private var pages: [LogPage] = []
    private static let keptPages = 8

    /// A page that holds what comes after `cursor`, if one is at hand.
    func page(after cursor: EventID) -> LogPage? {
        pages.first { $0.holds(cursor) }
    }

    /// A page in which a cursor that only a client vouches for can be looked up, if one is at hand.
    func page(around cursor: EventID) -> LogPage? {
        pages.first { $0.serves(cursor) }
    }

    /// Has a page read for `subscriber`; ``nextReads()`` tells when.
    mutating func ask(for subscriber: Subscriber, after cursor: EventID) {
        if waiting[cursor] == nil { queue.append(cursor) }
        waiting[cursor, default: []].append(subscriber)
    }

    /// Reads to begin now: few at a time, in the order in which they were asked for.
    mutating func nextReads() -> ArraySlice<EventID> {
        let reads = queue.prefix(max(0, Limits.waitingPages - reading))
        queue.removeFirst(reads.count)
        reading += reads.count
        return reads
    }

    /// Takes what was read after `cursor`, or nil if reading failed.
    /// - Returns: who waited for it, and those whose own read has not begun and whose cursor lies in it: after an
    ///   outage most come back with different ids within the same few pages.
    mutating func arrived(_ page: LogPage?, after cursor: EventID) -> [Subscriber] {
        reading -= 1
        var served = waiting.removeValue(forKey: cursor) ?? []
        guard let page, !page.events.isEmpty else { return served }
        if pages.count == Self.keptPages { pages.removeFirst() }
        pages.append(page)
        for other in queue where page.serves(other) { served += waiting.removeValue(forKey: other) ?? [] }
        queue.removeAll { waiting[$0] == nil }
        return served
    }

    /// True while somebody waits for a page.
    var isBusy: Bool { !waiting.isEmpty }

    /// Lets go of the pages, when nobody is behind any more.
    mutating func forgetPages() { pages.removeAll() }
}

extension LogPage {
    /// True when the event that follows `cursor` in the log is here. From below what retention had left when the
    /// page was read it is not: events are missing between there and the page's first one.
    func holds(_ cursor: EventID) -> Bool {
        guard max(after, extent.trimmedThrough) <= cursor, let last = events.last else { return false }
        return cursor < last.id
    }

    /// True when the page tells how the log goes on from `cursor`, or that it never gave this id out.
    func serves(_ cursor: EventID) -> Bool {
        guard cursor != after, let last = events.last else { return cursor == after }
        return after < cursor && cursor < last.id
    }

    /// True when `cursor`, which this page serves, is an id or a place of the log.
    func knows(_ cursor: EventID) -> Bool {
        if cursor == after { return cursorIsKnown }
        var (low, high) = (events.startIndex, events.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].id < cursor { low = middle + 1 } else { high = middle }
        }
        // Everything up to where retention has come may be a cursor, as in the log itself.
        if cursor == extent.trimmedThrough { return true }
        return low < events.endIndex && (events[low].id == cursor || cursor.isPlace(before: events[low].id))
    }
}
