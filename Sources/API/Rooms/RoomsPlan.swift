internal import Access
internal import Events
internal import Fanout
internal import FrontDoor
internal import Wire

/// A list of the open rooms that a request may see, at this loop's head. Its `lastEventId` is a cursor: a stream from
/// it receives every later event.
struct RoomsPlan {
    let identity: Identity
    let filter: EventFilter
    /// The room in the path.
    let name: WireText?
    /// True if rooms that are there for their members alone are listed, too.
    let listsMemberRooms: Bool

    /// Answers as soon as the rooms are found.
    func answer(_ request: Request, _ rooms: RoomSearches, _ hub: Hub) {
        let served = request.served(to: identity)
        guard served.begin() else { return request.refuse(.answers) }
        let needsJSON = request.http.method != "HEAD" && request.http.header("if-none-match") == nil
        // A room that is asked for by its name tells its members in any case.
        let findsMembers = listsMemberRooms || name != nil
        rooms.find(filter, name: name, needsJSON: needsJSON, findsMembers: findsMembers) { found in
            do throws(AccessRefusal) {
                // The user may have been revoked during the search.
                try request.shared.revocations.check(identity, now: request.afterWait.now)
            } catch { return request.refuse(error) }
            // The client may continue with any stream that the token covers, so the cursor must be right for all of
            // them.
            let audienceName = identity.isAddressable ? identity.user : nil
            let place = hub.place(for: EventFilter(granted: filter.granted), of: audienceName)
            let response = RoomsAnswer.response(
                request.http, found, place: place, name: name, listsMemberRooms: listsMemberRooms,
                json: rooms.json(of:))
            request.reply(response, served: served)
        }
    }
}
