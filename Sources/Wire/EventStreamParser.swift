/// Parses `text/event-stream` incrementally, from chunks cut anywhere.
///
/// The rules are those of the HTML standard, 9.2.6: lines end with CR, LF or both; an empty line dispatches; `id`
/// outlives its event; a byte order mark at the very start is skipped; an incomplete event at the end is dropped.
package struct EventStreamParser {
    /// A parsed part of the stream.
    package enum Item: Equatable {
        /// An event with the data of all its lines, and the id that a reconnect should name.
        case event(name: String?, data: String, lastEventID: String?)
        /// How long to wait before reconnecting, in milliseconds.
        case retry(milliseconds: Int)
    }

    /// A line is longer than any event of a relay.
    package struct LineTooLong: Error, Equatable {}

    /// The id of the last event that had one, or the id with which the stream was opened.
    package private(set) var lastEventID: String?

    private var line: [UInt8] = []
    private var isAfterCarriageReturn = false
    private var isFirstLine = true
    private var name: String?
    private var data: [String] = []
    /// The id of the event being parsed. It counts once the event is complete.
    private var pendingID: String?
    private let largestLineBytes: Int

    /// A parser at the start of a response.
    package init(lastEventID: String? = nil, largestLineBytes: Int = Limits.streamLineBytes) {
        self.lastEventID = lastEventID
        self.largestLineBytes = largestLineBytes
        pendingID = lastEventID
    }

    /// Parses the next bytes and returns the items that they complete.
    package mutating func items(_ bytes: some Sequence<UInt8>) throws(LineTooLong) -> [Item] {
        var items: [Item] = []
        for byte in bytes {
            let isLineFeedOfPair = isAfterCarriageReturn && byte == 0x0A
            isAfterCarriageReturn = byte == 0x0D
            if isLineFeedOfPair { continue }
            if byte == 0x0A || byte == 0x0D {
                if let item = endLine() { items.append(item) }
            } else {
                guard line.count < largestLineBytes else { throw LineTooLong() }
                line.append(byte)
            }
        }
        return items
    }

    private mutating func endLine() -> Item? {
        defer {
            line.removeAll(keepingCapacity: true)
            isFirstLine = false
        }
        let bytes = isFirstLine && line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line[...]
        if bytes.isEmpty { return dispatch() }
        let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        let field = bytes[..<(colon ?? bytes.endIndex)]
        var value = colon.map { bytes[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        return take(String(decoding: field, as: UTF8.self), value)
    }

    private mutating func take(_ field: String, _ value: ArraySlice<UInt8>) -> Item? {
        switch field {
        case "data": data.append(String(decoding: value, as: UTF8.self))
        case "event": name = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0): pendingID = String(decoding: value, as: UTF8.self)
        case "retry":
            let isNumber = !value.isEmpty && value.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
            return isNumber ? Int(String(decoding: value, as: UTF8.self)).map { .retry(milliseconds: $0) } : nil
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> Item? {
        defer {
            name = nil
            data = []
        }
        lastEventID = pendingID
        guard !data.isEmpty else { return nil }
        return .event(name: name, data: data.joined(separator: "\n"), lastEventID: lastEventID)
    }
}
