internal import Events
internal import Fanout
internal import FrontDoor
internal import Glibc
internal import Platform

/// A page of events as one JSON answer: a subscriber like any other whose outlet collects instead of sending, so
/// that filter, order and resume are decided in one place.
final class PagePoll: Outlet {
    let exchange: Exchange
    /// When it is answered with what it has.
    let deadline: SteadyTime
    /// The address for which it is counted as a stream: a poll that waits holds as much as one.
    let countedAddress: String?
    /// What it counts against the bounds of answers.
    let served: ServedAnswer
    /// True if there was no memory for what it was to collect.
    private(set) var isRefused = false
    private var lines = PageLines()
    private let finish: (PagePoll) -> Void
    weak var subscriber: Subscriber?

    init(
        _ exchange: Exchange, deadline: SteadyTime, countedAddress: String?, served: ServedAnswer,
        finish: @escaping (PagePoll) -> Void
    ) {
        self.exchange = exchange
        self.deadline = deadline
        self.countedAddress = countedAddress
        self.served = served
        self.finish = finish
    }

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        let count = buffers.reduce(0) { $0 + $1.iov_len }
        guard served.grow(by: count) else {
            isRefused = true
            return .gone
        }
        for buffer in buffers {
            lines.append(UnsafeRawBufferPointer(start: buffer.iov_base, count: buffer.iov_len))
        }
        return .took(count)
    }

    func waitForRoom() {}

    func close() { finish(self) }

    /// True once a poll that waits for events has one, or a `resync`. Another ends when it has caught up.
    var hasFoundWhatItWaitsFor: Bool { countedAddress != nil && !lines.isEmpty }

    /// The answer.
    /// - Parameters:
    ///   - cursor: the id after which the next page begins.
    ///   - hasMore: whether there is more to be had at once.
    func response(cursor: EventID, hasMore: Bool) -> HTTPResponse {
        .json { writer in
            writer.object { writer in
                writer.name("events")
                writer.encoded(lines.eventList)
                writer.member("lastEventId", id: cursor)
                writer.member("more", hasMore)
                if let resync = lines.resync {
                    writer.name("resync")
                    writer.encoded(resync)
                }
            }
        }
    }
}

/// Sorts the lines of an NDJSON stream as they come: events of the log into a JSON list, and beside it the message
/// that the cursor was no good. Every byte is looked at once.
struct PageLines {
    /// `[`, and the events with commas between them.
    private var events: [UInt8] = [UInt8(ascii: "[")]
    /// The beginning of a line whose end has not come yet.
    private var rest: [UInt8] = []
    private var hasSeenFirst = false
    /// The last message `resync`.
    private(set) var resync: [UInt8]?

    /// The events as a JSON list.
    var eventList: [UInt8] { events + [UInt8(ascii: "]")] }

    /// True while there is neither an event nor a `resync`.
    var isEmpty: Bool { events.count == 1 && resync == nil }

    /// Takes the next bytes.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var start = 0
        while start < bytes.count, let base = bytes.baseAddress,
            let newline = memchr(base + start, 0x0A, bytes.count - start)
        {
            let end = base.distance(to: UnsafeRawPointer(newline))
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if rest.isEmpty {
                take(line)
            } else {
                rest.append(contentsOf: line)
                let whole = rest
                rest.removeAll(keepingCapacity: true)
                whole.withUnsafeBytes { take($0) }
            }
            start = end + 1
        }
        if start < bytes.count { rest.append(contentsOf: bytes[start...]) }
    }

    private mutating func take(_ line: UnsafeRawBufferPointer) {
        // The first line is `connected`.
        guard hasSeenFirst else { return hasSeenFirst = true }
        if Self.isOfLog(line) {
            if events.count > 1 { events.append(UInt8(ascii: ",")) }
            events.append(contentsOf: line)
        } else if line.starts(with: #"{"type":"resync""#.utf8) {
            // Of the relay's own messages the only one that matters here.
            resync = Array(line)
        }
    }

    /// An event of the log has its id right behind its type, whatever type that is; a control event has none.
    private static func isOfLog(_ line: UnsafeRawBufferPointer) -> Bool {
        let rest = line.dropFirst(#"{"type":""#.utf8.count).drop { $0 != UInt8(ascii: "\"") }
        return rest.starts(with: #"","id":""#.utf8)
    }
}

// The polls of a loop.
extension Worker {
    /// Has a poll answered as soon as it holds something, or has waited long enough.
    func wait(_ poll: PagePoll) {
        polls.append(poll)
    }

    func endPolls(or condition: (PagePoll) -> Bool = { _ in false }) {
        guard !polls.isEmpty else { return }
        let now = SteadyTime.now()
        for poll in polls where now >= poll.deadline || poll.hasFoundWhatItWaitsFor || condition(poll) {
            if let subscriber = poll.subscriber { hub.end(subscriber, .caughtUp) }
        }
    }
}
