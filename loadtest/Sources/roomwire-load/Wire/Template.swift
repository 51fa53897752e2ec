/// A text with places to be filled in, such as `/events?room={room}`, taken apart once.
struct Template: Codable, Equatable {
    /// What may be filled in; it stands in braces.
    enum Place: String, CaseIterable {
        /// What the event is known by.
        case id
        /// A stream's number, or an event's place in its channel.
        case n
        /// The room.
        case room
        /// Milliseconds since 1970.
        case time
        /// A stream's user.
        case user
    }

    private enum Piece: Equatable {
        case text([UInt8])
        case place(Place)
    }

    /// The text as it was given.
    let text: String
    private let pieces: [Piece]

    /// A template of this text.
    init(_ text: String) {
        self.text = text
        var pieces: [Piece] = []
        var rest = text[...]
        while let (found, place) = Self.firstPlace(in: rest) {
            if found.lowerBound > rest.startIndex { pieces.append(.text(Array(rest[..<found.lowerBound].utf8))) }
            pieces.append(.place(place))
            rest = rest[found.upperBound...]
        }
        if !rest.isEmpty { pieces.append(.text(Array(rest.utf8))) }
        self.pieces = pieces
    }

    init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// Other braces are text.
    private static func firstPlace(in text: Substring) -> (Range<String.Index>, Place)? {
        var from = text.startIndex
        while let open = text[from...].firstIndex(of: "{") {
            from = text.index(after: open)
            let name = text[from...].prefix { $0 != "}" && $0 != "{" }
            if name.endIndex < text.endIndex, text[name.endIndex] == "}", let place = Place(rawValue: String(name)) {
                return (open..<text.index(after: name.endIndex), place)
            }
        }
        return nil
    }

    /// Whether a place stands in it.
    func has(_ place: Place) -> Bool { pieces.contains(.place(place)) }

    /// Appends the text with its places filled in.
    /// - Parameter fill: appends what stands for a place. What it has nothing for stays as it was given, so it returns
    ///   whether it had.
    func append(to bytes: inout [UInt8], _ fill: (Place, inout [UInt8]) -> Bool) {
        for piece in pieces {
            switch piece {
            case .text(let text): bytes.append(contentsOf: text)
            case .place(let place):
                if !fill(place, &bytes) { bytes.append(contentsOf: "{\(place.rawValue)}".utf8) }
            }
        }
    }

    /// The text with the values in their places.
    func filled(_ values: [Place: String]) -> String {
        var bytes: [UInt8] = []
        append(to: &bytes) { place, bytes in
            guard let value = values[place] else { return false }
            bytes.append(contentsOf: value.utf8)
            return true
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A header whose value is a template.
struct HeaderTemplate: Codable, Equatable {
    /// Its name.
    let name: String
    /// Its value.
    let value: Template

    /// A header of this name.
    init(name: String, value: String) {
        self.name = name
        self.value = Template(value)
    }

    /// Takes `name: value` apart; nil if there is no name.
    init?(_ line: String) {
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
        self.init(
            name: String(line[..<colon]), value: String(line[line.index(after: colon)...].drop { $0 == " " }))
    }
}

extension [UInt8] {
    /// Appends a number in decimal digits.
    mutating func appendDigits(_ number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(0x30 + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
