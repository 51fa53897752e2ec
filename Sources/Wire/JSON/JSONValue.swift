/// One JSON value as it was on the wire: members keep their order, and a number its exact text.
///
/// Foundation's parsers do not fit a relay for three reasons: they turn numbers into doubles, they disagree with each
/// other on duplicate keys, and they lose the order of members.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number, by its text.
    case decimal(String)
    case string(WireText)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// The members, if this is an object.
    public var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The elements, if this is an array.
    public var array: [JSONValue]? {
        if case .array(let array) = self { array } else { nil }
    }

    /// The text, if this is a string.
    public var string: WireText? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }

    /// The number as a double, if this is a number.
    public var double: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .decimal(let text): Double(text)
        default: nil
        }
    }

    /// The number as an integer, without its fraction; nil if this is not a number or does not fit.
    public var integer: Int64? {
        switch self {
        case .integer(let integer): integer
        case .decimal(let text): Double(text).flatMap { Int64(exactly: $0.rounded(.towardZero)) }
        default: nil
        }
    }

    /// True for `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// A number, written as the shortest text that parses to the same double.
    public static func number(_ value: Double) -> JSONValue {
        if let integer = Int64(exactly: value) { return .integer(integer) }
        return .decimal("\(value)")
    }
}

/// The members of a JSON object in their order. Names are unique: of duplicates on the wire the last one counts.
public struct JSONObject: Sendable, Hashable {
    /// One name with its value.
    public struct Member: Sendable, Hashable {
        /// The member's name.
        public let name: WireText
        /// The member's value.
        public var value: JSONValue

        /// A member of this name and value.
        public init(name: WireText, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// All members, in order.
    public private(set) var members: [Member] = []

    /// An object without members.
    public init() {}

    /// The value of a member. Setting nil removes the member, setting an unknown name adds it at the end.
    public subscript(name: WireText) -> JSONValue? {
        get { index(of: name).map { members[$0].value } }
        set {
            if let newValue {
                set(name, newValue)
            } else if let index = index(of: name) {
                members.remove(at: index)
            }
        }
    }

    private func index(of name: WireText) -> Int? { members.firstIndex { $0.name == name } }

    /// Replaces a member's value, or adds the member at the end.
    mutating func set(_ name: WireText, _ value: JSONValue) {
        if let index = index(of: name) {
            members[index].value = value
        } else {
            append(name, value)
        }
    }

    /// True when there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The same names with other values.
    public func mapValues(_ transform: (Member) -> JSONValue) -> JSONObject {
        var mapped = self
        for index in members.indices { mapped.members[index].value = transform(members[index]) }
        return mapped
    }

    /// The members that `isKept` returns true for.
    package func filter(_ isKept: (Member) -> Bool) -> JSONObject {
        var kept = JSONObject()
        kept.members = members.filter(isKept)
        return kept
    }

    /// The members of other names than these.
    package func without(_ names: Set<WireText>) -> JSONObject { filter { !names.contains($0.name) } }

    /// For ``JSONReader``, which knows the usual number of members.
    mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// For ``JSONReader``, which has checked that the name is new.
    mutating func append(_ name: WireText, _ value: JSONValue) {
        members.append(Member(name: name, value: value))
    }

    /// For ``JSONReader``, which knows the member's index.
    mutating func replace(at index: Int, with value: JSONValue) {
        members[index].value = value
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object of these members. Of a repeated name the last value counts.
    public init(dictionaryLiteral elements: (WireText, JSONValue)...) {
        for (name, value) in elements { self[name] = value }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// A string.
    public init(stringLiteral value: String) { self = .string(WireText(value)) }

    /// An array of these elements.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object of these members. Of a repeated name the last value counts.
    public init(dictionaryLiteral elements: (WireText, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}
