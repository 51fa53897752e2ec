internal import Events
internal import Fanout
internal import FrontDoor
internal import Glibc

/// A page of events as one JSON answer: a subscriber like any other whose outlet collects instead of sending, so
/// that filter, order and resume are decided in one place.
final class PagePoll: Outlet {
    let exchange: Exchange
    /// When a poll that waits gives up, by the steady clock in milliseconds.
    let deadline: Int64
    private var collected: [UInt8] = []
    private let finish: (PagePoll) -> Void
    weak var subscriber: Subscriber?

    init(_ exchange: Exchange, deadline: Int64, finish: @escaping (PagePoll) -> Void) {
        self.exchange = exchange
        self.deadline = deadline
        self.finish = finish
    }

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        var count = 0
        for buffer in buffers {
            collected.append(contentsOf: UnsafeRawBufferPointer(start: buffer.iov_base, count: buffer.iov_len))
            count += buffer.iov_len
        }
        return .took(count)
    }

    func waitForRoom() {}

    func close() { finish(self) }

    /// True once it holds an event or a `resync`.
    var hasSomething: Bool {
        let page = page
        return !page.events.isEmpty || page.resync != nil
    }

    /// The lines that came: events, and perhaps the word that the cursor was no good.
    private var page: (events: [ArraySlice<UInt8>], resync: ArraySlice<UInt8>?) {
        var events: [ArraySlice<UInt8>] = []
        var resync: ArraySlice<UInt8>?
        // The first line is `connected`; empty ones are heartbeats.
        for line in collected.split(separator: 0x0A).dropFirst() {
            // Of the control events this is the only one that matters here. An event of a free type of the same
            // name has its id in this place.
            if line.starts(with: #"{"type":"resync","reason""#.utf8) { resync = line } else { events.append(line) }
        }
        return (events, resync)
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
