internal import Wire

/// A committed event: its id, its content, and its bytes on the wire, encoded once for all subscribers.
///
/// The frame is `id: <id>\ndata: <json>\n\n`. An NDJSON line is a part of it, so both formats share the bytes, and so
/// do all loops and all subscribers.
package final class JournalEvent: Sendable {
    /// The event's id in the journal.
    package let id: EventID
    /// The event.
    package let event: Event
    /// The whole SSE frame.
    package let frame: SharedBytes
    /// The range of the JSON object in ``frame``; a newline follows it.
    package let json: Range<Int>
    /// The provider's redacted body, if it was stored.
    package let raw: SharedBytes?

    /// A committed event, encoded here.
    package convenience init(id: EventID, event: Event, raw: [UInt8]? = nil) {
        self.init(id: id, event: event, raw: raw, capacityBytes: 1024) { event.write(to: &$0, id: id) }
    }

    /// A committed event whose JSON is already encoded, for instance because it was appended before.
    package convenience init(id: EventID, event: Event, json: some Collection<UInt8>, raw: [UInt8]? = nil) {
        self.init(id: id, event: event, raw: raw, capacityBytes: json.count + 48) { $0.encoded(json) }
    }

    /// A committed event whose JSON `write` writes directly into its frame.
    private init(id: EventID, event: Event, raw: [UInt8]?, capacityBytes: Int, write: (inout JSONWriter) -> Void) {
        var frame = JSONWriter(capacityBytes: capacityBytes)
        frame.raw(ServerSentEvents.beforeID)
        frame.appendDigits(id)
        frame.raw(ServerSentEvents.beforeData)
        let start = frame.bytes.count
        write(&frame)
        json = start..<frame.bytes.count
        frame.raw(ServerSentEvents.end)
        self.id = id
        self.event = event
        self.frame = SharedBytes(frame.bytes)
        self.raw = raw.map { SharedBytes($0) }
    }

    /// Appends the JSON object to `bytes`.
    /// - Parameter showsRaw: whether the provider's body is its member `raw`, if it was kept.
    package func appendJSON(to bytes: inout [UInt8], showsRaw: Bool) {
        let object = UnsafeRawBufferPointer(rebasing: frame.buffer[json])
        guard showsRaw, let raw else { return bytes.append(contentsOf: object) }
        // The object is reopened: its closing brace comes after `raw`.
        bytes.append(contentsOf: object.dropLast())
        bytes.append(contentsOf: #","raw":"#.utf8)
        bytes.append(contentsOf: raw.buffer)
        bytes.append(UInt8(ascii: "}"))
    }

    /// The bytes that count towards the bounds on memory.
    package var bytes: Int { frame.count + (raw?.count ?? 0) }
}

/// Bytes at a fixed address, for vectored writes that outlive the scope which built them.
package final class SharedBytes: @unchecked Sendable {
    // Unchecked: the memory is written before the initialiser returns and never afterwards; only deinit frees it.
    private let storage: UnsafeMutableRawBufferPointer

    /// A copy of `bytes`.
    package init(_ bytes: some Collection<UInt8>) {
        storage = .allocate(byteCount: bytes.count, alignment: 1)
        storage.copyBytes(from: bytes)
    }

    deinit { storage.deallocate() }

    /// How many bytes there are.
    package var count: Int { storage.count }

    /// The bytes; valid as long as this object lives.
    package var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }
}
