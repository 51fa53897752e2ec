internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Platform
internal import Wire

/// The streams for diagnosis of one loop; see ``DiagnosticPlan``.
final class DiagnosticStreams {
    private let shared: SharedState
    private let hub: Hub
    private let loop: Loop
    private var streams: [ObjectIdentifier: DiagnosticStream] = [:]

    init(shared: SharedState, hub: Hub, loop: Loop) {
        self.shared = shared
        self.hub = hub
        self.loop = loop
    }

    /// Turns a request into a stream, or refuses it.
    func begin(_ plan: DiagnosticPlan, of identity: Identity, _ request: Request) {
        let principal = identity.principal
        let address = request.http.remoteAddress
        if shared.isDraining { return request.refuse(.draining) }
        if let refusal = shared.admission.admit(principal, address: address, now: request.now) {
            return request.refuse(refusal)
        }
        let isChunked = !request.http.isHTTP10
        let frame = plan.opening(request.http, now: request.now)
        let opening =
            StreamHead.bytes(.sse, isChunked: isChunked, request.corsHeaders)
            + (isChunked ? Chunk.around(frame) : frame)
        guard let socket = request.exchange.takeOver() else {
            return shared.admission.release(principal, address: address)
        }
        request.noteOpened(stream: nil)
        let entry = StreamEntry(
            diagnostic: hub.takeStreamID(), of: identity, address: address, openedAt: request.now)
        let stream = DiagnosticStream(
            socket, plan: plan, opening: opening, isChunked: isChunked, of: identity, entry: entry, on: loop,
            isStillWelcome: { [shared] in shared.isValid(identity, now: WallClock.now()) }
        ) { [unowned self] in
            streams[ObjectIdentifier($0)] = nil
            shared.admission.release(principal, address: address)
        }
        streams[ObjectIdentifier(stream)] = stream
        stream.start()
    }

    /// The list entries for which `isMeant` is true.
    func entries(_ isMeant: (StreamEntry) -> Bool) -> [StreamEntry] {
        streams.values.map(\.entry).filter(isMeant)
    }

    /// Ends the streams for which `isMeant` is true.
    /// - Returns: their number.
    @discardableResult
    func end(_ isMeant: (DiagnosticStream) -> Bool = { _ in true }) -> Int {
        let meant = streams.values.filter(isMeant)
        for stream in meant { stream.end() }
        return meant.count
    }
}
