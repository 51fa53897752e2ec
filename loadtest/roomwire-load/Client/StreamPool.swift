internal import EventLoop

/// All streams of a run: opens them a window at a time, and knows how many stand where.
final class StreamPool {
    /// How many stand.
    private(set) var openCount = 0
    /// How many could not be opened, or ended by themselves.
    private(set) var failedCount = 0
    /// When the last of those that were to open stood, on the steady clock.
    private(set) var openedNanoseconds: Int64 = 0
    private let session: Session
    private let target: StreamTarget
    private let window: Int
    private var streams: [Subscription] = []
    private var next = 0
    private var underWay = 0
    /// How many streams stand at each place of the order.
    private var standing: [Int]

    /// So many streams of `target`, none of them opened.
    init(count: Int, of target: StreamTarget, window: Int, session: Session) {
        self.session = session
        self.target = target
        self.window = window
        standing = [count]
        streams.reserveCapacity(count)
        for index in 0..<count { streams.append(Subscription(index: index, session: session, pool: self)) }
    }

    /// How many there are.
    var count: Int { streams.count }

    /// Opens all that do not stand, each from where it was.
    func openAll() {
        next = 0
        fillWindow()
    }

    /// Closes all.
    func closeAll() {
        for stream in streams { stream.close() }
        openCount = 0
    }

    /// Whether every stream has been opened, or has failed.
    var isSettled: Bool { next == streams.count && underWay == 0 }

    /// Whether every stream that stands has been shown all that was published.
    var isCaughtUp: Bool {
        let due = session.ledger.publishedCount
        return standing.indices.contains(due) && standing[due] >= count - failedCount
    }

    /// Notes what streams that stand were not shown at all.
    func noteMissing() {
        let due = session.ledger.publishedCount
        for stream in streams where stream.state == .open && stream.cursor < due {
            session.faults.note(
                "missing", "stream \(stream.index) was not shown the last \(due - stream.cursor) events")
        }
    }

    private func fillWindow() {
        while underWay < window, next < streams.count {
            let stream = streams[next]
            next += 1
            guard stream.state != .open else { continue }
            underWay += 1
            stream.open(
                target.request(for: stream.index, lastEventID: session.ledger.id(before: stream.cursor)),
                to: target.endpoint, from: target.source(for: stream.index))
        }
    }

    fileprivate func settleOne() {
        underWay -= 1
        openedNanoseconds = SteadyClock.nanoseconds()
        fillWindow()
    }
}

// What the streams tell.
extension StreamPool {
    /// A stream was let in.
    func streamIsOpen() {
        openCount += 1
        settleOne()
    }

    /// A stream was not let in, or ended by itself.
    func streamFailed(wasOpen: Bool) {
        failedCount += 1
        if wasOpen { openCount -= 1 } else { settleOne() }
    }

    /// A stream was shown events.
    func streamAdvanced(to cursor: Int, from before: Int) {
        while standing.count <= cursor { standing.append(0) }
        standing[before] -= 1
        standing[cursor] += 1
    }
}
