internal import Access
internal import Events
internal import Fanout
internal import FrontDoor
internal import Platform
internal import Wire

// `GET /api/rooms`, and whatever else needs the rooms that a filter admits.
extension Worker {
    /// A search that goes on in the loop's turns.
    struct WaitingSearch {
        var search: RoomSearch
        let found: ([RoomEntry]) -> Void
    }

    /// Gives the rooms that a search finds to `found`, in this turn if there are few to look at, else in a later one.
    func find(_ search: RoomSearch, _ found: @escaping ([RoomEntry]) -> Void) {
        var search = search
        if search.isSmall, search.run(in: &rooms, until: { false }) { return found(search.rooms(in: rooms)) }
        searches.append(WaitingSearch(search: search, found: found))
        scheduleTurn()
    }

    /// Goes on with searches until the turn's time is over. However short it is, the first one gets on.
    func runSearches(until isOver: () -> Bool) {
        while var waiting = searches.first {
            guard waiting.search.run(in: &rooms, until: isOver) else {
                searches[0] = waiting
                return
            }
            searches.removeFirst()
            waiting.found(waiting.search.rooms(in: rooms))
            if isOver() { return }
        }
    }

    func answerRooms(_ exchange: Exchange, name: WireText?, _ check: AccessCheck, now: WallTime) {
        let request = exchange.request
        let route = RoomsRoute(check: check)
        let (identity, filter): (Identity, EventFilter)
        switch route.read(request, name: name, now: now) {
        case .refused(let response): return reply(exchange, response, check)
        case .admitted(let who, let what): (identity, filter) = (who, what)
        }
        let served = served(to: identity)
        guard served.begin() else {
            context.metrics.count(StreamRefusal.Reason.answers)
            return reply(exchange, StreamRefusal.answers.problem.response, check)
        }
        let needsJSON = request.method != "HEAD" && request.header("if-none-match") == nil
        find(RoomSearch(rooms, filter: filter, name: name, needsJSON: needsJSON)) { [unowned self] found in
            do throws(AccessRefusal) {
                // Revoked while the rooms were looked for.
                try context.revocations.check(identity, now: WallClock.now())
            } catch { return reply(exchange, check.problem(error, for: request).response, check) }
            // Whatever the token covers may be asked for from there on.
            let audienceName = identity.isAddressable ? identity.user : nil
            let place = hub.place(for: EventFilter(granted: filter.granted), of: audienceName)
            let response = RoomsRoute.response(request, found, place: place, name: name) { rooms.json(of: $0) }
            reply(exchange, response, check, served: served)
        }
    }
}
