internal import Events
internal import Wire

/// How events are written to one stream. Streams of one format and one filter share every byte.
package struct StreamFormat: Sendable, Hashable {
    /// The framing.
    package enum Encoding: String, Sendable {
        /// Server-Sent Events: `id:`, `data:`, an empty line.
        case sse
        /// One JSON object a line.
        case ndjson
    }

    /// The framing.
    package var encoding: Encoding
    /// Whether SSE's `event:` field carries the type. Without it `onmessage` sees every event.
    package var isNamed: Bool
    /// Whether events carry the provider's own body as `raw`.
    package var showsRaw: Bool
    /// Whether the body is sent in chunks: over HTTP/1.1, but not over HTTP/1.0.
    package var isChunked: Bool

    /// A format. The default is the one that a browser's EventSource expects.
    package init(encoding: Encoding = .sse, isNamed: Bool = false, showsRaw: Bool = false, isChunked: Bool = false) {
        self.encoding = encoding
        self.isNamed = isNamed
        self.showsRaw = showsRaw
        self.isChunked = isChunked
    }
}

/// Builds the pieces of an event for a format. They point into the bytes of the event, so nothing is copied.
final class FrameBuilder {
    private var names: [EventType: SharedBytes] = [:]
    /// The names from before the table was last emptied. A buffer list that is not written yet may point into them.
    private var formerNames: [EventType: SharedBytes] = [:]
    // Far more names than a buffer list has pieces, so no list still points into a table that is emptied twice.
    private static let keptNames = 4 * Limits.writeBuffers
    private let measuring = BufferList()
    private static let rawOpening = SharedBytes(Array(#","raw":"#.utf8))
    private static let sseEnd = SharedBytes(Array("}\n\n".utf8))
    private static let lineEnd = SharedBytes(Array("}\n".utf8))

    /// Appends the pieces of one event.
    func append(_ event: JournalEvent, as format: StreamFormat, to list: BufferList) {
        guard format.isChunked else { return appendFrame(event, as: format, to: list) }
        list.appendChunk { appendFrame(event, as: format, to: list) }
    }

    private func appendFrame(_ event: JournalEvent, as format: StreamFormat, to list: BufferList) {
        let frame = event.frame.buffer
        if format.encoding == .sse && format.isNamed { list.append(name(of: event.event.type).buffer) }
        let start = format.encoding == .sse ? 0 : event.json.lowerBound
        guard format.showsRaw, let raw = event.raw else {
            // The newline of an NDJSON line is the first of the two that end an SSE frame.
            let end = format.encoding == .sse ? frame.count : event.json.upperBound + 1
            list.append(UnsafeRawBufferPointer(rebasing: frame[start..<end]))
            return
        }
        // The object's closing brace is left out here and follows after `raw`.
        list.append(UnsafeRawBufferPointer(rebasing: frame[start..<(event.json.upperBound - 1)]))
        list.append(Self.rawOpening.buffer)
        list.append(raw.buffer)
        list.append((format.encoding == .sse ? Self.sseEnd : Self.lineEnd).buffer)
    }

    /// The number of bytes that ``append(_:as:to:)`` adds.
    func size(of event: JournalEvent, as format: StreamFormat) -> Int {
        measuring.removeAll()
        append(event, as: format, to: measuring)
        return measuring.bytes
    }

    /// The type as an SSE event name, changed where EventSource uses that name itself: a page that listens for `error`
    /// would mistake the event for a broken connection.
    static func name(of type: EventType) -> WireText {
        let name = type.rawValue
        let isTaken = name == "error" || name == "message" || name == "open"
        return isTaken ? "event.\(name)" : name
    }

    private func name(of type: EventType) -> SharedBytes {
        if let known = names[type] { return known }
        // Senders of `standard` sources choose their types, so the table has a bound; a type has at most 64 characters.
        if names.count >= Self.keptNames {
            formerNames = names
            names = [:]
        }
        let bytes = SharedBytes(ServerSentEvents.event(Self.name(of: type)))
        names[type] = bytes
        return bytes
    }
}
