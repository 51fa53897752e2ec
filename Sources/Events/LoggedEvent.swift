/// An event that is committed: its id, its content, and its bytes on the wire, encoded once for everybody.
///
/// The frame is `id: <id>\ndata: <json>\n\n`. An NDJSON line is a part of it, so both formats share the bytes,
/// as do all loops and all subscribers.
public final class LoggedEvent: Sendable {
    /// The event's place in the log.
    public let id: EventID
    /// The event.
    public let event: Event
    /// The whole SSE frame.
    public let frame: SharedBytes
    /// Where in ``frame`` the JSON object stands; a newline follows it.
    public let json: Range<Int>
    /// The provider's body, redacted, if it was kept.
    public let raw: SharedBytes?

    /// A committed event, encoded here.
    public convenience init(id: EventID, event: Event, raw: [UInt8]? = nil) {
        self.init(id: id, event: event, raw: raw, capacityBytes: 1024) { event.write(to: &$0, id: id) }
    }

    /// A committed event whose JSON was encoded before, for instance when it was appended.
    public convenience init(id: EventID, event: Event, json: some Collection<UInt8>, raw: [UInt8]? = nil) {
        self.init(id: id, event: event, raw: raw, capacityBytes: json.count + 48) { $0.encoded(json) }
    }

    /// A committed event whose JSON `write` gives, right into its frame.
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
    public func appendJSON(to bytes: inout [UInt8], showsRaw: Bool) {
        let object = UnsafeRawBufferPointer(rebasing: frame.buffer[json])
        guard showsRaw, let raw else { return bytes.append(contentsOf: object) }
        // The object is reopened: its closing brace comes after `raw`.
        bytes.append(contentsOf: object.dropLast())
        bytes.append(contentsOf: #","raw":"#.utf8)
        bytes.append(contentsOf: raw.buffer)
        bytes.append(UInt8(ascii: "}"))
    }

    /// What it takes of the bounds on memory.
    public var bytes: Int { frame.count + (raw?.count ?? 0) }
}

/// Bytes at an address that never changes, for vectored writes that outlive the scope which built them.
public final class SharedBytes: @unchecked Sendable {
    // Unchecked: the memory is written before the initialiser returns, and never after; only deinit frees it.
    private let storage: UnsafeMutableRawBufferPointer

    /// A copy of `bytes`.
    public init(_ bytes: some Collection<UInt8>) {
        storage = .allocate(byteCount: bytes.count, alignment: 1)
        storage.copyBytes(from: bytes)
    }

    deinit { storage.deallocate() }

    /// How many bytes there are.
    public var count: Int { storage.count }

    /// The bytes; valid as long as this object lives.
    public var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }
}
