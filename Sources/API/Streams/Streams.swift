internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Platform
internal import Telemetry
internal import Wire

/// The streams of events of one loop. Each is a subscriber of the hub, connected with its client's socket by a
/// ``StreamLink``.
final class Streams {
    private let shared: SharedState
    private let hub: Hub
    private let rooms: RoomSearches
    private let port: any LoopPort
    private unowned let turns: any LoopTurns
    /// Memberships by the streams that hold them. Streams without any are not in here, so they cost nothing.
    private var holds: [UInt64: MemberHold] = [:]

    init(shared: SharedState, hub: Hub, rooms: RoomSearches, port: any LoopPort, turns: any LoopTurns) {
        self.shared = shared
        self.hub = hub
        self.rooms = rooms
        self.port = port
        self.turns = turns
    }

    /// Counts the stream, takes the connection over, and subscribes it at the hub; or refuses the request.
    func begin(_ opening: StreamOpening) {
        let request = opening.request
        let principal = opening.plan.identity.principal
        let address = request.http.remoteAddress
        if let refusal = shared.admission.admit(principal, address: address, now: request.now) {
            return request.refuse(refusal)
        }
        let hold: MemberHold?
        do throws(PresenceRefusal) { hold = try takeHold(for: opening) } catch {
            shared.admission.release(principal, address: address)
            return request.refuse(error)
        }
        guard let socket = request.exchange.takeOver() else {
            if let hold { release(hold) }
            return shared.admission.release(principal, address: address)
        }
        let id = hub.takeStreamID()
        if let hold { holds[id] = hold }
        request.noteOpened(stream: id)
        shared.admission.opened(id, of: principal, address: address, on: port)
        let link = StreamLink(socket, address: address, streams: self)
        link.subscriber = hub.subscribe(subscription(for: opening), id: id, outlet: link)
    }

    /// The memberships that the stream is to hold; nil for one without.
    private func takeHold(for opening: StreamOpening) throws(PresenceRefusal) -> MemberHold? {
        let plan = opening.plan
        guard !plan.query.presence.isEmpty else { return nil }
        let hold = MemberHold(rooms: plan.query.presence, principal: plan.identity.principal)
        let settings = opening.request.rules.members
        do throws(MemberRefusal) { try shared.members.hold(hold, settings) } catch {
            throw PresenceRefusal(error, settings)
        }
        return hold
    }

    private func release(_ hold: MemberHold, isRevoked: Bool = false) {
        shared.members.release(hold, isRevoked: isRevoked, shared.rules.members)
    }

    /// The rooms of which a stream makes its user a member.
    func rooms(heldBy stream: UInt64) -> [WireText] { holds.isEmpty ? [] : holds[stream]?.rooms ?? [] }

    private func subscription(for opening: StreamOpening) -> Subscription {
        let (plan, request) = (opening.plan, opening.request)
        let query = plan.query
        let format = StreamFormat(
            encoding: query.format == .sse ? .sse : .ndjson, isNamed: query.isNamed,
            showsRaw: plan.identity.grant.raw, isChunked: !request.http.isHTTP10)
        var subscription = plan.subscription(from: opening.start, format: format)
        subscription.limitEvents = query.limitEvents
        subscription.heartbeatIsEvent = query.heartbeatIsEvent
        subscription.preamble = StreamHead.bytes(query.format, isChunked: format.isChunked, request.corsHeaders)
        if let snapshot = opening.snapshot {
            subscription.opening = SnapshotMessage.frame(
                snapshot, json: rooms.json(of:),
                at: hub.place(for: plan.filter, of: subscription.audienceName), format: format)
        }
        return subscription
    }

    // MARK: Calls from links

    /// The subscriber's socket is writable again.
    func hasRoom(_ subscriber: Subscriber) {
        turns.begin()
        hub.outletHasRoom(subscriber)
        turns.schedule()
    }

    /// The subscriber's client has disconnected, or has sent bytes.
    func hasLeft(_ subscriber: Subscriber, because reason: StreamSocket.End) {
        turns.begin()
        hub.end(subscriber, reason == .strayInput ? .strayInput : .clientClosed)
    }

    /// Logs the end of a stream and uncounts it.
    func hasEnded(_ subscriber: Subscriber, _ link: StreamLink, because reason: StreamEnd) {
        shared.requests.ended(
            RequestLog.End(
                stream: subscriber.id, principal: subscriber.principal, address: link.clientAddress,
                reason: reason.rawValue,
                milliseconds: SteadyTime.now() - link.openedAt, events: subscriber.sentEvents,
                bytes: subscriber.sentBytes))
        if !holds.isEmpty, let hold = holds.removeValue(forKey: subscriber.id) {
            release(hold, isRevoked: reason == .revoked)
        }
        shared.admission.ended(subscriber.id, of: subscriber.principal, address: link.clientAddress)
    }
}
