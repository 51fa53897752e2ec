import Events
import TestSupport
import Wire

@testable import Fanout

/// What went wrong in a run.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Every event ever committed, whether retention has removed it since or not, and what it looks like on the wire.
struct History {
    private(set) var events: [JournalEvent] = []

    mutating func append(_ events: [JournalEvent]) { self.events += events }

    /// The first event after `cursor` that somebody receives.
    func next(after cursor: EventID, upTo last: EventID? = nil, for filter: EventFilter, _ user: WireText)
        -> JournalEvent?
    {
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].id <= cursor { low = middle + 1 } else { high = middle }
        }
        let found = events[low...].first { filter.admits($0.event, to: user) }
        guard let last, let found, found.id > last else { return found }
        return nil
    }

    /// An event in a format, made without the fan-out's own builder.
    static func text(_ logged: JournalEvent, as format: StreamFormat) -> [UInt8] {
        var writer = JSONWriter()
        logged.event.write(to: &writer, id: logged.id)
        var json = writer.bytes
        if format.showsRaw, let raw = logged.raw {
            json.removeLast()
            json += Array(#","raw":"#.utf8) + Array(raw.buffer) + Array("}".utf8)
        }
        guard format.encoding == .sse else { return json + [0x0A] }
        let name = format.isNamed ? "event: \(logged.event.type.rawValue)\n" : ""
        return Array("\(name)id: \(logged.id)\ndata: ".utf8) + json + [0x0A, 0x0A]
    }
}

/// Somebody who follows the log over many connections, and checks every byte: each event must be the very next one
/// of the log that its grant and filter admit, unless a `resync` said that there is a gap.
final class Client {
    let user: WireText
    let filter: EventFilter
    let format: StreamFormat
    /// All up to here was received, or did not match, or a `resync` told of it.
    private(set) var position = EventID.zero
    /// What it would send as `Last-Event-ID`.
    private(set) var lastID: EventID?
    /// The id it sent is none of this log's, so it must be told so before anything else.
    private(set) var owesResync = false
    private(set) var received = 0
    /// Events in the current connection.
    private(set) var receivedHere = 0
    private(set) var resyncs = 0
    /// Ephemeral events that came, in all connections.
    private(set) var ephemerals = 0
    /// The number of the last one in the current connection.
    private var lastEphemeral = 0
    private(set) var wire: Wire?
    var subscriber: Subscriber?
    var hubIndex = 0
    /// Why its stream has ended; nil while it goes on.
    var ended: StreamEnd? { wire?.ended }
    private var isConnected = false
    private var startsAtOldest = false
    /// The last event that it received in this connection, or in one before.
    private var lastReceived = EventID.zero
    /// Where a stream from now on begins: what it is told of that may have nothing to follow up to there.
    private var liveFrom: EventID?

    init(user: WireText, filter: EventFilter, format: StreamFormat) {
        self.user = user
        self.filter = filter
        self.format = format
    }

    /// Begins a connection. `position` is where the start lies for a client that trusts the hub.
    func begin(_ start: Subscription.Start, on wire: Wire, liveFrom head: EventID, isGenuine: Bool) {
        self.wire = wire
        isConnected = false
        receivedHere = 0
        lastEphemeral = 0
        owesResync = !isGenuine
        startsAtOldest = start == .oldest
        liveFrom = start == .live || start == .trusted(head) ? head : nil
        // It starts over, or names something older by its own choice.
        lastReceived = .zero
        switch start {
        case .live: position = head
        case .after(let id):
            position = id
            lastID = id
        case .trusted(let id): position = id
        case .oldest, .malformed: break
        }
    }

    /// The connection is over.
    func leave() {
        wire = nil
        subscriber = nil
    }

    /// Reads what has come, and judges it.
    func read(_ history: History, trimmedThrough: EventID) throws {
        guard let wire else { return }
        if let misuse = wire.misuse { throw Failure("the outlet was \(misuse)") }
        while let block = wire.take(newlines: format.encoding == .sse ? 2 : 1) {
            let next = owesResync || !isConnected ? nil : history.next(after: position, for: filter, user)
            if let next, block == History.text(next, as: format) {
                position = next.id
                lastID = next.id
                lastReceived = next.id
                received += 1
                receivedHere += 1
            } else {
                let text = String(decoding: block, as: UTF8.self)
                try readControl(text, next, trimmedThrough)
                try readPlace(text, history)
            }
        }
    }

    /// Takes the id that the relay says beside events: it must lie behind all that was received, and before all that
    /// is still to come.
    private func readPlace(_ text: String, _ history: History) throws {
        let told = text.hasPrefix("id: ") || text.contains("\nid: ") || format.encoding == .ndjson
        guard told, let place = Self.place(text, format) else {
            guard text.contains(#""type":"connected""#), !owesResync else { return }
            throw Failure("told no place: \(text)")
        }
        lastID = place
        guard !owesResync else { return }
        if place < lastReceived { throw Failure("told \(place) after receiving \(lastReceived)") }
        if place > position, let lost = history.next(after: position, upTo: place, for: filter, user) {
            throw Failure("told \(place) at \(position), before it received \(lost.id)")
        }
        if let liveFrom, place < liveFrom, text.contains(#""type":"connected""#),
            let old = history.next(after: place, upTo: liveFrom, for: filter, user)
        {
            throw Failure("told \(place) at \(liveFrom), from which it would receive \(old.id)")
        }
    }

    private static func place(_ text: String, _ format: StreamFormat) -> EventID? {
        guard format.encoding == .sse else {
            let oldest = member("type", of: text) == "resync" ? id("oldestId", of: text) : nil
            return id("lastEventId", of: text) ?? oldest.map { max($0, .beginning) }
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("id: ") }
        return line.flatMap { EventID(String($0.dropFirst(4))) }
    }

    private func readControl(_ text: String, _ next: JournalEvent?, _ trimmedThrough: EventID) throws {
        if text.hasPrefix(": heartbeat\n") { return }
        let type = Self.member("type", of: text)
        guard Self.member("id", of: text) == nil else {
            throw Failure("received \(text), the next one was to be \(next?.id.description ?? "none")")
        }
        guard isConnected == (type != "connected") else { throw Failure("\(text) came where it must not") }
        if text.contains(#""ephemeral":true"#) { return try readEphemeral(text) }
        switch type {
        case "connected":
            isConnected = true
            if startsAtOldest { position = Self.id("oldestId", of: text) ?? .zero }
        case "resync": try readResync(text, trimmedThrough)
        case "heartbeat", "token_expiring", "token_expired", "draining", "retire": break
        default: throw Failure("an unknown block came: \(text)")
        }
    }

    /// An ephemeral event is one that the filter admits, later than all others that came: a newer one takes the place of
    /// an older one, and never the other way round. It says no place.
    private func readEphemeral(_ text: String) throws {
        let line = text.split(separator: "\n").last.map { $0.hasPrefix("data: ") ? $0.dropFirst(6) : $0 } ?? ""
        guard var event = Event.readEphemeral(try JSONReader.value(String(line))),
            let number = event.data.other["number"]?.string.flatMap({ Int($0.string) })
        else { throw Failure("not an ephemeral event: \(text)") }
        event.users = event.data.other["to"]?.string.map { [$0] }
        guard filter.admits(event, to: user) else { throw Failure("not for this client: \(text)") }
        guard number > lastEphemeral else { throw Failure("came after number \(lastEphemeral): \(text)") }
        guard !text.hasPrefix("id: "), !text.contains("\nid: ") else { throw Failure("told a place: \(text)") }
        lastEphemeral = number
        ephemerals += 1
    }

    private func readResync(_ text: String, _ trimmedThrough: EventID) throws {
        guard let oldest = Self.id("oldestId", of: text), oldest <= trimmedThrough else {
            throw Failure("a resync to where nothing was trimmed: \(text)")
        }
        let isJustified =
            switch Self.member("reason", of: text) {
            case "expired": owesResync || position < oldest
            case "unknown", "malformed": owesResync
            default: false
            }
        guard isJustified else { throw Failure("a resync without need at \(position): \(text)") }
        owesResync = false
        position = oldest
        resyncs += 1
    }

    private static func id(_ name: String, of text: String) -> EventID? { member(name, of: text).flatMap(EventID.init) }

    private static func member(_ name: String, of text: String) -> String? {
        guard let start = text.firstRange(of: "\"\(name)\":\"") else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}
