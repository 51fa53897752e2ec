internal import Access
internal import Events
internal import Fanout
internal import Journal
internal import Wire

/// Finds where the streams and pages of one loop begin. Those with `since=` or `tail=` need a cursor from the journal,
/// and those with `snapshot=1` the open rooms; their requests wait here meanwhile.
final class StreamOpenings {
    private struct Waiting {
        let plan: StreamPlan
        let request: Request
        let begin: (StreamOpening) -> Void
    }

    private let hub: Hub
    private let rooms: RoomSearches
    private let reader: JournalReader
    private let port: any LoopPort
    /// The requests that wait for a cursor.
    private var waiting: [UInt64: Waiting] = [:]
    private var nextID: UInt64 = 1

    init(hub: Hub, rooms: RoomSearches, reader: JournalReader, port: any LoopPort) {
        self.hub = hub
        self.rooms = rooms
        self.reader = reader
        self.port = port
    }

    /// True if no request waits for a cursor.
    var isEmpty: Bool { waiting.isEmpty }

    /// Releases all requests, because the loop has ended.
    func removeAll() { waiting.removeAll() }

    /// Calls `begin` once the start of the stream or page is known, or refuses the request.
    func open(_ plan: StreamPlan, _ request: Request, _ begin: @escaping (StreamOpening) -> Void) {
        func open(from start: Subscription.Start) {
            Self.begin(StreamOpening(plan: plan, request: request, start: start), begin)
        }
        switch plan.query.start {
        case .live where plan.query.wantsSnapshot: findRooms(plan, request, begin)
        case .live: open(from: .live)
        case .lastEventID("0"): open(from: .oldest)
        case .lastEventID(let text): open(from: EventID(text).map { .after($0) } ?? .malformed)
        case .since(let time):
            findCursor(Waiting(plan: plan, request: request, begin: begin)) { try $0.cursor(since: time) }
        case .tail(let count):
            findCursor(Waiting(plan: plan, request: request, begin: begin)) { try $0.cursor(beforeLast: count) }
        }
    }

    /// Finds the rooms for a snapshot. They are those at the hub's head, where the stream begins.
    private func findRooms(_ plan: StreamPlan, _ request: Request, _ begin: @escaping (StreamOpening) -> Void) {
        // The search counts as a list of rooms does, until the stream itself is counted.
        let served = request.served(to: plan.identity)
        guard served.begin() else { return request.refuse(.answers) }
        rooms.find(plan.filter, findsMembers: true) { [hub] found in
            withExtendedLifetime(served) {
                guard let request = Self.checkedAgain(request, plan.identity) else { return }
                let opening = StreamOpening(plan: plan, request: request, start: .trusted(hub.head), snapshot: found)
                Self.begin(opening, begin)
            }
        }
    }

    private func findCursor(_ request: Waiting, _ look: @escaping @Sendable (any JournalHome) throws -> EventID) {
        let id = nextID
        nextID += 1
        waiting[id] = request
        let isTaken = reader.read("cursor", look) { [port] in port.post(.cursor(request: id, try? $0.get())) }
        if !isTaken { port.post(.cursor(request: id, nil)) }
    }

    /// Continues a request with the cursor that it waits for; nil if the journal could not be read.
    func found(_ cursor: EventID?, for id: UInt64) {
        guard let waited = waiting.removeValue(forKey: id) else { return }
        guard let cursor else { return waited.request.refuse(.busy) }
        guard let request = Self.checkedAgain(waited.request, waited.plan.identity) else { return }
        // The journal may be ahead of this loop's hub, which will publish the events in between.
        let start = Subscription.Start.trusted(min(cursor, hub.head))
        Self.begin(StreamOpening(plan: waited.plan, request: request, start: start), waited.begin)
    }

    private static func begin(_ opening: StreamOpening, _ begin: (StreamOpening) -> Void) {
        if opening.request.shared.turnsAway { return opening.request.refuse(.draining) }
        begin(opening)
    }

    /// Refuses the request if its user was revoked while it waited. The order to end the user's streams did not end
    /// this one, since it is not open yet.
    /// - Returns: the request with the rules and time of now; nil if it was refused.
    private static func checkedAgain(_ request: Request, _ identity: Identity) -> Request? {
        let request = request.afterWait
        do throws(AccessRefusal) { try request.shared.revocations.check(identity, now: request.now) } catch {
            request.refuse(error)
            return nil
        }
        return request
    }
}
