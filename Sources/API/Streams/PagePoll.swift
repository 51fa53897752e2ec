internal import Access
internal import Events
internal import Fanout
internal import FrontDoor
internal import Glibc
internal import Wire

/// A page of events that is being collected: a subscriber like any other whose outlet keeps the events instead of
/// sending them, so that filter, order and resume are decided in one place.
final class PagePoll: Outlet {
    let plan: StreamPlan
    let request: Request
    /// When it is answered with what it has.
    let deadline: SteadyTime
    /// What it counts against the bounds of answers.
    let served: ServedAnswer
    private unowned let pages: Pages
    /// True if there was no memory for what it was to collect.
    private(set) var isRefused = false
    private var events: [JournalEvent] = []
    /// The last one.
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

    /// Frames of the hub's own are not part of a page.
    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult { .took(Self.count(of: buffers)) }

    private static func count(of buffers: UnsafeMutableBufferPointer<iovec>) -> Int {
        buffers.reduce(0) { $0 + $1.iov_len }
    }

    func willWrite(_ resync: Resync) { self.resync = resync }

    func waitForRoom() {}

    func close() {}

    func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd) { pages.finish(self, subscriber) }

    /// True once a poll that waits for events has one, or a `resync`. Another ends when it has caught up.
    var hasFoundWhatItWaitsFor: Bool { plan.waits && !(events.isEmpty && resync == nil) }

    /// The answer.
    /// - Parameters:
    ///   - cursor: the id after which the next page begins.
    ///   - hasMore: whether there is more to be had at once.
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
