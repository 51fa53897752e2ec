internal import Events
internal import Wire

/// A protobuf message in its JSON form, read as strictly and as liberally as the proto3 rules say: names in camelCase
/// or as in the .proto file, null and absent alike, 64-bit integers as text or as numbers, enums by name or by number,
/// unknown members ignored. A member of the wrong type is an error.
struct ProtoMessage {
    private let members: [JSONObject.Member]
    /// True if no name contains `_`, so names of other lengths need no comparison.
    private let isCamel: Bool
    /// The index of each name, in camelCase. Empty for messages of the usual size: searching a few members costs less
    /// than building an index, while searching very many for each name would let a sender cause work at no cost.
    private let places: [WireText: Int]

    /// Messages with more members than this have an index. LiveKit's largest has some 30.
    private static let usualCount = 64

    /// Reads `object`.
    init(_ object: JSONObject) {
        members = object.members
        isCamel = members.allSatisfy { member in !member.name.withBytes { $0.contains(UInt8(ascii: "_")) } }
        var places: [WireText: Int] = [:]
        if members.count > Self.usualCount {
            places.reserveCapacity(members.count)
            for (place, member) in members.enumerated() { places[Self.camel(member.name)] = place }
        }
        self.places = places
    }

    /// `joined_at_ms` as `joinedAtMs`.
    private static func camel(_ name: WireText) -> WireText {
        guard name.contains(UInt8(ascii: "_")) else { return name }
        var bytes: [UInt8] = []
        var raiseNext = false
        for byte in name.utf8 {
            if byte == UInt8(ascii: "_") {
                raiseNext = true
                continue
            }
            bytes.append(raiseNext ? raised(byte) : byte)
            raiseNext = false
        }
        return WireText(decoding: bytes)
    }

    private static func raised(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 0x20 : byte
    }

    /// The index of the last member of this name, in either spelling.
    private func place(of name: WireText) -> Int? {
        guard members.count <= Self.usualCount else { return places[name] }
        return name.withBytes { name in
            members.lastIndex { member in
                member.name.withBytes { spelling in
                    // The first letter nearly always decides.
                    guard let first = spelling.first, first == name.first || first == UInt8(ascii: "_") else {
                        return false
                    }
                    return isCamel && spelling.count != name.count ? false : Self.isSpelling(spelling, of: name)
                }
            }
        }
    }

    /// Whether ``camel(_:)`` of `spelling` is `name`.
    private static func isSpelling(
        _ spelling: UnsafeBufferPointer<UInt8>, of name: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var place = 0
        var raiseNext = false
        for byte in spelling {
            if byte == UInt8(ascii: "_") {
                raiseNext = true
                continue
            }
            guard place < name.count, name[place] == (raiseNext ? raised(byte) : byte) else { return false }
            place += 1
            raiseNext = false
        }
        return place == name.count
    }

    static func problem(_ name: WireText, _ expected: String) -> Rejection {
        Rejection(.malformedBody, "The body is not of the provider's shape: \(name) should be \(expected).")
    }

    private func value(_ name: WireText) -> JSONValue? {
        guard let place = place(of: name) else { return nil }
        let value = members[place].value
        return value.isNull ? nil : value
    }

    /// True when the member is there and neither null nor empty.
    func hasContent(_ name: WireText) -> Bool {
        switch value(name) {
        case nil: false
        case .array(let elements): !elements.isEmpty
        case .string(let text): !text.isEmpty
        default: true
        }
    }

    /// Text; nil if it is empty, which in protobuf means absent.
    func text(_ name: WireText) throws(Rejection) -> WireText? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw Self.problem(name, "text") }
        return text.isEmpty ? nil : text
    }

    /// A truth value; absent is false.
    func bool(_ name: WireText) throws(Rejection) -> Bool {
        guard let value = value(name) else { return false }
        guard let bool = value.bool else { throw Self.problem(name, "true or false") }
        return bool
    }

    /// An integer as number or text; nil for 0, which in protobuf means absent.
    func integer(_ name: WireText) throws(Rejection) -> Int64? {
        guard let value = value(name) else { return nil }
        guard let integer = value.string.flatMap(Self.integer) ?? value.integer else {
            throw Self.problem(name, "an integer")
        }
        return integer == 0 ? nil : integer
    }

    /// Parses an integer's text, for which protobuf's JSON allows all forms of JSON's numbers: `"12"`, `"1e3"`,
    /// `"12.0"`.
    private static func integer(_ text: WireText) -> Int64? {
        if let integer = Int64(text.string) { return integer }
        // JSONReader decides what is a number; Double alone would accept "inf", "nan" and hexadecimal.
        guard let number = try? JSONReader.value(text).double else { return nil }
        return Int64(exactly: number)
    }

    /// A time in a unit of which there are `perSecond` in a second.
    func time(_ name: WireText, perSecond: Int64) throws(Rejection) -> WallTime? {
        WireTime.time(try integer(name), perSecond: perSecond)
    }

    /// An enum value in the relay's words: lower case, without the enum's prefix. Nil for absent, which is the value
    /// with the number 0. `names` are the words by number, for senders that write numbers.
    func word(_ name: WireText, prefix: WireText = "", names: [WireText?]) throws(Rejection) -> WireText? {
        switch value(name) {
        case nil: return nil
        case .string(let text): return Self.word(text, prefix: prefix)
        case .integer(let number):
            guard number != 0 else { return nil }
            let index = Int(exactly: number) ?? -1
            guard names.indices.contains(index), let word = names[index] else { return "\(number)" }
            return word
        default: throw Self.problem(name, "a name or a number")
        }
    }

    private static func word(_ text: WireText, prefix: WireText) -> WireText {
        (!prefix.isEmpty && text.hasPrefix(prefix) ? text.dropFirst(prefix.byteCount) : text).asciiLowercased()
    }

    /// A message inside this one.
    func message(_ name: WireText) throws(Rejection) -> ProtoMessage? {
        guard let value = value(name) else { return nil }
        guard let object = value.object else { throw Self.problem(name, "an object") }
        return ProtoMessage(object)
    }

    /// Messages inside this one.
    func messages(_ name: WireText) throws(Rejection) -> [ProtoMessage] {
        guard let value = value(name) else { return [] }
        guard let array = value.array else { throw Self.problem(name, "an array") }
        var messages: [ProtoMessage] = []
        for element in array {
            guard let object = element.object else { throw Self.problem(name, "an array of objects") }
            messages.append(ProtoMessage(object))
        }
        return messages
    }

    /// A map from text to text, in its order.
    func map(_ name: WireText) throws(Rejection) -> [(name: WireText, value: WireText)] {
        guard let value = value(name) else { return [] }
        guard let object = value.object else { throw Self.problem(name, "an object") }
        var entries: [(name: WireText, value: WireText)] = []
        for member in object.members {
            guard let text = member.value.string else { throw Self.problem(name, "an object of texts") }
            entries.append((member.name, text))
        }
        return entries
    }

    /// The member unchanged, for values that are passed on in the provider's format.
    func verbatim(_ name: WireText) throws(Rejection) -> JSONValue? {
        guard let value = value(name) else { return nil }
        guard value.object != nil else { throw Self.problem(name, "an object") }
        return value
    }
}
