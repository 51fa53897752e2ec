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
    /// - Returns: who waited for it.
    mutating func arrived(_ page: LogPage?, after cursor: EventID) -> [Subscriber] {
        reading -= 1
        if let page, !page.events.isEmpty {
            if pages.count == Self.keptPages { pages.removeFirst() }
            pages.append(page)
        }
        return waiting.removeValue(forKey: cursor) ?? []
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
}
