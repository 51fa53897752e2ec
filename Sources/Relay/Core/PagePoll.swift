internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Glibc

/// A page of events as one JSON answer: a subscriber like any other whose outlet collects instead of sending, so
/// that filter, order and resume are decided in one place.
final class PagePoll: Outlet {
    let exchange: Exchange
    /// When it is answered with what it has, by the steady clock in milliseconds.
    let deadline: Int64
    /// The address for which it is counted as a stream: a poll that waits holds as much as one.
    let countedAddress: String?
    private var collected: [UInt8] = []
    /// True when something was collected since it was last looked at.
    private var hasNews = false
    private let finish: (PagePoll) -> Void
    weak var subscriber: Subscriber?

    init(_ exchange: Exchange, deadline: Int64, countedAddress: String?, finish: @escaping (PagePoll) -> Void) {
        self.exchange = exchange
        self.deadline = deadline
        self.countedAddress = countedAddress
        self.finish = finish
    }

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        hasNews = true
        var count = 0
        for buffer in buffers {
            collected.append(contentsOf: UnsafeRawBufferPointer(start: buffer.iov_base, count: buffer.iov_len))
            count += buffer.iov_len
        }
        return .took(count)
    }

    func waitForRoom() {}

    func close() { finish(self) }

    /// True once a poll that waits for events has one, or a `resync`. Another ends when it has caught up. It is asked
    /// at every turn of the loop, and reads what was collected only when that has grown.
    func findsWhatItWaitsFor() -> Bool {
        guard countedAddress != nil, hasNews else { return false }
        hasNews = false
        let page = page
        return !page.events.isEmpty || page.resync != nil
    }

    /// The lines that came: events, and perhaps the word that the cursor was no good.
    private var page: (events: [ArraySlice<UInt8>], resync: ArraySlice<UInt8>?) {
        var events: [ArraySlice<UInt8>] = []
        var resync: ArraySlice<UInt8>?
        // The first line is `connected`; empty ones are heartbeats.
        for line in collected.split(separator: 0x0A).dropFirst() {
            if Self.isOfLog(line) {
                events.append(line)
            } else if line.starts(with: #"{"type":"resync""#.utf8) {
                // Of the control events the only one that matters here.
                resync = line
            }
        }
        return (events, resync)
    }

    /// An event of the log has its id right behind its type, whatever type that is; a control event has none.
    private static func isOfLog(_ line: ArraySlice<UInt8>) -> Bool {
        let rest = line.dropFirst(#"{"type":""#.utf8.count).drop { $0 != UInt8(ascii: "\"") }
        return rest.starts(with: #"","id":""#.utf8)
    }

    /// The answer.
    /// - Parameters:
    ///   - cursor: the id after which the next page begins.
    ///   - hasMore: whether there is more to be had at once.
    func response(cursor: EventID, hasMore: Bool) -> HTTPResponse {
        let page = page
        return .json { writer in
            writer.object { writer in
                writer.name("events")
                writer.array { writer in for event in page.events { writer.encoded(event) } }
                writer.member("lastEventId", id: cursor)
                writer.member("more", hasMore)
                if let resync = page.resync {
                    writer.name("resync")
                    writer.encoded(resync)
                }
            }
        }
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
        let now = System.steadyMilliseconds()
        for poll in polls where now >= poll.deadline || poll.findsWhatItWaitsFor() || condition(poll) {
            if let subscriber = poll.subscriber { hub.end(subscriber, .caughtUp) }
        }
    }
}
