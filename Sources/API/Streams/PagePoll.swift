internal import Access
internal import Events
internal import Fanout
internal import FrontDoor
internal import Glibc
internal import Wire

/// A page of events that is being collected. It is the outlet of an ordinary subscriber and keeps the events instead of
/// sending them, so that pages have the filter, order and resume of streams.
final class PagePoll: Outlet {
    let plan: StreamPlan
    let request: Request
    /// When it is answered with the events that it has.
    let deadline: SteadyTime
    /// Its count against ``AnswerCaps``.
    let served: ServedAnswer
    private unowned let pages: Pages
    /// True if the page would have exceeded the memory of all answers.
    private(set) var isRefused = false
    private var events: [JournalEvent] = []
    /// The last `resync` message.
    private var resync: Resync?

    init(_ plan: StreamPlan, _ request: Request, deadline: SteadyTime, served: ServedAnswer, pages: Pages) {
        self.plan = plan
        self.request = request
        self.deadline = deadline
        self.served = served
        self.pages = pages
    }

    var clientAddress: String { request.http.remoteAddress }

    func write(_ events: [JournalEvent], as buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        let count = Self.count(of: buffers)
        guard served.grow(by: count) else {
            isRefused = true
            return .gone
        }
        self.events += events
        return .took(count)
    }

    /// Drops messages of the hub, such as `connected`, which are not part of a page.
    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult { .took(Self.count(of: buffers)) }

    private static func count(of buffers: UnsafeMutableBufferPointer<iovec>) -> Int {
        buffers.reduce(0) { $0 + $1.iov_len }
    }

    func willWrite(_ resync: Resync) { self.resync = resync }

    func waitForRoom() {}

    func close() {}

    func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd) { pages.finish(self, subscriber) }

    /// True once a poll that waits for events has one, or a `resync`. A page that does not wait ends when it has caught
    /// up.
    var hasFoundWhatItWaitsFor: Bool { plan.waits && !(events.isEmpty && resync == nil) }

    /// The answer.
    /// - Parameters:
    ///   - cursor: the id after which the next page begins.
    ///   - hasMore: whether the next page has events already.
    func response(cursor: EventID, hasMore: Bool) -> HTTPResponse {
        .json { writer in
            writer.object { writer in
                writer.name("events")
                writer.encoded(eventList)
                writer.member("lastEventId", id: cursor)
                writer.member("more", hasMore)
                if let resync {
                    writer.name("resync")
                    writer.encoded(resync.json)
                }
            }
        }
    }

    /// The events as a JSON list.
    private var eventList: [UInt8] {
        let showsRaw = plan.identity.grant.raw
        var list: [UInt8] = []
        list.reserveCapacity(2 + events.reduce(0) { $0 + $1.bytes + 1 })
        list.append(UInt8(ascii: "["))
        for (index, event) in events.enumerated() {
            if index > 0 { list.append(UInt8(ascii: ",")) }
            event.appendJSON(to: &list, showsRaw: showsRaw)
        }
        list.append(UInt8(ascii: "]"))
        return list
    }
}
