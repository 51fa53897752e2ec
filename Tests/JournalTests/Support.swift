import Events
import Foundation
import TestSupport
import Testing
import Wire

@testable import Journal

/// A data folder of its own for each test, gone afterwards.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "journal-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func home(
        durability: Durability = .normal, retention: Retention = Retention(ageMilliseconds: nil),
        rooms: RoomBounds = RoomBounds(), clock: @escaping @Sendable () -> ClockReading = { .now() }
    ) throws -> SQLiteHome {
        try SQLiteHome(folder: path, durability: durability, retention: retention, rooms: rooms, clock: clock)
    }

    /// What kill -9 would leave behind: the files as they are now, nothing closed, the lock free.
    func crashed() throws -> TemporaryFolder {
        let copy = try TemporaryFolder()
        for name in [SQLiteHome.fileName, SQLiteHome.fileName + "-wal"] {
            try FileManager.default.copyItem(atPath: path + "/" + name, toPath: copy.path + "/" + name)
        }
        return copy
    }
}

/// Where tests begin to count time.
let start: WallTime = 1_790_000_000_000

/// Events by hand, as a provider's normaliser would make them. Times are in milliseconds after ``start``.
enum Make {
    static func id(_ time: WallTime, _ sequence: Int64) -> EventID {
        EventID(milliseconds: time.milliseconds, sequence: sequence)
    }

    static func event(
        _ type: EventType, room: WireText? = "standup", session: WireText? = "RM_1", source: WireText = "livekit",
        at time: Int64 = 0
    ) -> Event {
        var event = Event(type: type, source: source, provider: "livekit", room: room, receivedAt: start + time)
        if let room { event.data.room = Room(name: room, id: session) }
        return event
    }

    static func started(
        _ session: WireText? = "RM_1", room: WireText = "standup", at time: Int64 = 0, startedAt: Int64? = nil
    ) -> Event {
        var event = event(.roomStarted, room: room, session: session, at: time)
        event.data.room?.startedAt = start + (startedAt ?? time)
        return event
    }

    static func finished(_ session: WireText? = "RM_1", room: WireText = "standup", at time: Int64 = 0) -> Event {
        event(.roomFinished, room: room, session: session, at: time)
    }

    static func participant(
        _ type: EventType, _ id: WireText, room: WireText = "standup", session: WireText? = "RM_1", at time: Int64 = 0,
        joinedAt: Int64? = nil
    ) -> Event {
        var event = event(type, room: room, session: session, at: time)
        event.data.participant = Participant(id: id, identity: id.asciiLowercased())
        event.data.participant?.joinedAt = joinedAt.map { start + $0 }
        return event
    }

    static func joined(
        _ id: WireText, room: WireText = "standup", session: WireText? = "RM_1", at time: Int64 = 0,
        joinedAt: Int64? = nil
    ) -> Event {
        participant(.participantJoined, id, room: room, session: session, at: time, joinedAt: joinedAt ?? time)
    }

    static func left(
        _ id: WireText, room: WireText = "standup", session: WireText? = "RM_1", at time: Int64 = 0,
        joinedAt: Int64? = nil
    ) -> Event {
        participant(.participantLeft, id, room: room, session: session, at: time, joinedAt: joinedAt)
    }

    static func track(
        _ type: EventType, _ track: WireText, of id: WireText, room: WireText = "standup", session: WireText? = "RM_1"
    ) -> Event {
        var event = participant(type, id, room: room, session: session)
        event.data.track = Track(id: track, kind: "audio")
        return event
    }

    static func recording(_ type: EventType, _ id: WireText, _ status: WireText, session: WireText? = "RM_1") -> Event {
        var event = event(type, session: session)
        event.data.recording = Recording(id: id, status: status)
        return event
    }

    /// A draft under a key of its own.
    static func draft(_ event: Event, key: WireText = WireText(UUID().uuidString), raw: String? = nil) -> Draft {
        Draft(event: event, idempotencyKey: key, raw: raw.map { Array($0.utf8) })
    }

    /// Events that mean nothing to the fold.
    static func plain(_ count: Int, from first: Int = 0) -> [Draft] {
        (first..<first + count).map { number in
            draft(event(.transcriptReady, room: nil, session: nil), key: "key-\(number)")
        }
    }
}

extension JournalEvent {
    var text: String { String(decoding: frame.buffer[json], as: UTF8.self) }
}

extension SQLiteHome {
    /// The whole log.
    func all() throws -> [JournalEvent] {
        try page(after: .zero, events: 1_000_000, bytes: .max).events
    }

    /// Rooms in an order that does not vary.
    func sortedRooms() throws -> [RoomState] { try rooms().inOrder }
}

extension [RoomState] {
    var inOrder: Self { sorted { ($0.source, $0.room.name) < ($1.source, $1.room.name) } }
}
