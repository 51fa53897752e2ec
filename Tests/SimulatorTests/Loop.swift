import Events
import Wire

@testable import Fanout

/// One loop of the relay: a hub, the commits on their way to it, and the pages it waits for.
final class SimulatedLoop {
    let hub: Hub
    /// Commits that were posted to this loop's mailbox and not taken yet.
    var mail: [(events: [JournalEvent], extent: JournalExtent)] = []
    /// Pages asked for. Some were read at once and only arrive late.
    var reads: [(cursor: EventID, page: JournalPage?)] = []

    init(hub: Hub) { self.hub = hub }

    func takeMail() {
        guard !mail.isEmpty else { return }
        let post = mail.removeFirst()
        hub.publish(post.events, extent: post.extent)
    }

    /// Several commits taken in one turn are published as one.
    func takeAllMail() {
        guard let last = mail.last else { return }
        let events = mail.flatMap(\.events)
        mail.removeAll()
        hub.publish(events, extent: last.extent)
    }
}
