internal import Access
internal import Events
internal import Fanout
internal import FrontDoor
internal import Platform
internal import Wire

/// The pages of events of one loop, and its long polls: pages that wait until there is an event.
final class Pages {
    private struct Waiting {
        let poll: PagePoll
        let subscriber: Subscriber
    }

    private let shared: SharedState
    private let hub: Hub
    /// Pages that are not answered yet.
    private var waiting: [Waiting] = []

    init(shared: SharedState, hub: Hub) {
        self.shared = shared
        self.hub = hub
    }

    /// Begins a page. It is answered with the events that there are, or, if the request waits, when the first arrives.
    func begin(_ opening: StreamOpening) {
        let (plan, request) = (opening.plan, opening.request)
        let served = request.served(to: plan.identity)
        // A poll that waits counts as a stream until its answer, and as an answer from then on.
        guard plan.waits ? served.isAdmitted : served.begin() else { return request.refuse(.answers) }
        if plan.waits {
            let address = request.http.remoteAddress
            let refusal = shared.admission.admit(plan.identity.principal, address: address, now: request.now)
            if let refusal { return request.refuse(refusal) }
        }
        // A page that does not wait for events may still wait for the journal. That has a bound as well.
        let patience = plan.waits ? Int64(plan.query.waitMilliseconds ?? 0) : Int64(Limits.requestSeconds) * 1000
        let poll = PagePoll(
            plan, request, deadline: SteadyTime.now() + patience, served: served, pages: self)
        let format = StreamFormat(encoding: .ndjson, showsRaw: plan.identity.grant.raw)
        var subscription = plan.subscription(from: opening.start, format: format)
        subscription.limitEvents = min(plan.query.limitEvents ?? Limits.pageEvents, Limits.pageEvents)
        subscription.limitBytes = Limits.pageBytes
        let subscriber = hub.subscribe(subscription, outlet: poll)
        if !subscriber.hasEnded { waiting.append(Waiting(poll: poll, subscriber: subscriber)) }
    }

    /// Ends the pages that have what they wait for, or whose deadline has passed; the hub then calls ``finish(_:_:)``.
    /// - Parameter looksForClients: whether to end those whose clients have disconnected, which costs a system call
    ///   each.
    func endThoseThatAreDue(now: SteadyTime, looksForClients: Bool = false) {
        for page in waiting {
            let poll = page.poll
            let isDue = now >= poll.deadline || poll.hasFoundWhatItWaitsFor
            if isDue || looksForClients && poll.request.exchange.hasEnded { hub.end(page.subscriber, .caughtUp) }
        }
    }

    /// Answers a page, because the hub has ended its subscriber.
    func finish(_ poll: PagePoll, _ subscriber: Subscriber) {
        waiting.removeAll { $0.poll === poll }
        answer(poll, subscriber)
        if poll.plan.waits { shared.admission.release(subscriber.principal, address: poll.clientAddress) }
    }

    private func answer(_ poll: PagePoll, _ subscriber: Subscriber) {
        if poll.isRefused { return poll.request.refuse(.unsent) }
        poll.served.beginInAnyCase()
        let response = poll.response(cursor: hub.pagePlace(of: subscriber), hasMore: subscriber.cursor < hub.head)
        poll.request.reply(response, served: poll.served)
    }
}
