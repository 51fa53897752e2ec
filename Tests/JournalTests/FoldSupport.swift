import Events
import Wire

@testable import Journal

/// A fold that is given events as if they were appended one by one.
struct FoldDriver {
    var fold = RoomFold()
    /// Everything that was logged.
    private(set) var log: [(id: EventID, event: Event)] = []
    /// Where in the log stands what the last event had logged.
    private(set) var logged = 0

    /// Applies events and returns what the last of them had logged.
    @discardableResult
    mutating func apply(_ events: Event...) -> [Event] {
        var logged: [Event] = []
        for event in events {
            self.logged = log.count
            var head = log.last?.id ?? .zero
            let entries = fold.apply(event) {
                head = head.next(at: event.receivedAt)
                return head
            }
            fold.commit()
            log += entries
            logged = entries.map(\.event)
        }
        return logged
    }

    func room(_ name: WireText = "standup", source: WireText = "livekit") -> RoomState? {
        fold.state(of: RoomKey(source: source, name: name))
    }

    /// Ids of who is inside, in the order of joining; nil if the room is not open.
    func present(_ name: WireText = "standup") -> [WireText]? {
        room(name)?.participants.map(\.participant.id)
    }

    func tracks(of id: WireText) -> [WireText]? {
        room()?.participants.first { $0.participant.id == id }?.tracks.map(\.id)
    }
}

extension [Event] {
    /// What was logged, in short: type, who, and a mark of what the relay added.
    var summary: [String] {
        map { event in
            let who = event.data.participant.map { " " + $0.id.string } ?? ""
            return event.type.rawValue.string + who + (event.isSynthetic ? " synthetic" : "")
                + (event.isLate ? " late" : "")
        }
    }
}
