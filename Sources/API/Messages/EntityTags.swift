internal import FrontDoor
internal import Wire

/// The entity tags of `If-None-Match`, on however many lines (RFC 9110, sections 8.8.3 and 13.1.2).
struct EntityTags {
    private var values: [WireText] = []
    private var matchesAny = false

    init(_ request: HTTPRequest) {
        for header in request.headers where header.name.equalsIgnoringASCIICase("if-none-match") { read(header.value) }
    }

    /// True if one of them equals `tag` by the weak comparison, which ignores the mark `W/`.
    func match(_ tag: WireText) -> Bool { matchesAny || values.contains(Self.opaque(tag)) }

    private mutating func read(_ text: WireText) {
        // The relay's own tags contain no comma.
        for element in text.split(at: UInt8(ascii: ",")) {
            let value = element.trimmingBlanks()
            if value == "*" { matchesAny = true }
            values.append(Self.opaque(value))
        }
    }

    private static func opaque(_ tag: WireText) -> WireText { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag }
}
