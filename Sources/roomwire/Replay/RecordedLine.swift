internal import Events
internal import Wire

/// A line of a recording: what `roomwire tail --json --raw` printed.
enum RecordedLine {
    /// A webhook that the relay accepted.
    struct Webhook {
        /// The event's id in the journal that it was recorded from.
        let id: EventID
        let source: WireText
        let provider: WireText
        let receivedAt: WallTime
        /// The provider's body, byte for byte as in the line.
        let body: [UInt8]
    }

    case webhook(Webhook)
    /// An event that no webhook of its own caused: the other events around it let the relay make it again.
    case derived
    /// An event without the provider's body: the recording's token had no `raw`.
    case withoutBody
    /// A message of the relay, such as a snapshot.
    case message
    case empty

    /// What is wrong with a line, as the rest of a sentence.
    struct LineError: Error, Equatable {
        let problem: String
    }

    /// Parses a line.
    init(_ line: ArraySlice<UInt8>) throws(LineError) {
        if line.allSatisfy({ $0 <= 0x20 }) {
            self = .empty
            return
        }
        let bytes = Array(line)
        let json: JSONValue
        do throws(JSONError) { json = try JSONReader.value(bytes, loneSurrogates: .replaced).value } catch {
            throw LineError(problem: "is \(error)")
        }
        guard let object = json.object else { throw LineError(problem: "is not a JSON object") }
        guard let (id, event) = Event.read(json) else {
            if object["headers"] != nil {
                throw LineError(problem: "is a captured request; roomwire send --file posts those")
            }
            guard object["type"]?.string != nil else { throw LineError(problem: "is not an event of a relay") }
            self = .message
            return
        }
        // A row of Supabase that moves is one webhook and two events: the other one's body makes both.
        let isOtherHalf = event.data.other["moved"]?.string == "out"
        guard !event.isSynthetic, !isOtherHalf else {
            self = .derived
            return
        }
        guard object["raw"]?.object != nil, let body = MemberBytes.of("raw", in: bytes) else {
            self = .withoutBody
            return
        }
        self = .webhook(
            Webhook(
                id: id, source: event.source, provider: event.provider, receivedAt: event.receivedAt, body: Array(body))
        )
    }
}

/// Finds the bytes of a member in a JSON text: to parse and write it again would lose what is no value, such as half a
/// surrogate pair.
enum MemberBytes {
    /// The value of the last member `name` of the outermost object, as it stands in `text`, which must be valid JSON.
    static func of(_ name: String, in text: [UInt8]) -> ArraySlice<UInt8>? {
        let quoted = Array("\"\(name)\"".utf8)
        var found: ArraySlice<UInt8>?
        var depth = 0
        var memberStart = 0
        var position = 0
        /// The text of a member without its name; nil if it has another.
        func value(_ end: Int) -> ArraySlice<UInt8>? {
            let member = text[memberStart..<end].drop { $0 <= 0x20 }
            guard member.starts(with: quoted) else { return nil }
            let rest = member.dropFirst(quoted.count).drop { $0 <= 0x20 }
            guard rest.first == UInt8(ascii: ":") else { return nil }
            var value = rest.dropFirst().drop { $0 <= 0x20 }
            while let last = value.last, last <= 0x20 { value.removeLast() }
            return value
        }
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""): position = endOfString(text, position)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth == 1 { memberStart = position + 1 }
            case UInt8(ascii: ",") where depth == 1:
                found = value(position) ?? found
                memberStart = position + 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 1 { found = value(position) ?? found }
                depth -= 1
            default: break
            }
            position += 1
        }
        return found
    }

    /// The position of the closing quote.
    private static func endOfString(_ text: [UInt8], _ start: Int) -> Int {
        var position = start + 1
        while position < text.count, text[position] != UInt8(ascii: "\"") {
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return position
    }
}
