internal import FrontDoor

/// The entity tags of `If-None-Match`, on however many lines (RFC 9110, sections 8.8.3 and 13.1.2).
struct EntityTags {
    private var values: [Substring.UTF8View] = []
    private var matchesAny = false

    init(_ request: HTTPRequest) {
        for header in request.headers where header.name.lowercased() == "if-none-match" { read(header.value) }
    }

    /// True if one of them is `tag`, by the weak comparison: whether either is weak does not count.
    func match(_ tag: String) -> Bool {
        if matchesAny { return true }
        let wanted = Self.opaque(tag[...].utf8)
        return values.contains { $0.elementsEqual(wanted) }
    }

    private mutating func read(_ text: String) {
        // No tag of the relay's has a comma in it.
        for element in text.utf8.split(separator: UInt8(ascii: ",")) {
            let value = Self.trimmed(element)
            if value.elementsEqual("*".utf8) { matchesAny = true }
            values.append(Self.opaque(value))
        }
    }

    private static func opaque(_ tag: Substring.UTF8View) -> Substring.UTF8View {
        tag.starts(with: "W/".utf8) ? tag.dropFirst(2) : tag
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var rest = text.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
}
