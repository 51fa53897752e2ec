/// A name as the key of a table, compared byte by byte.
///
/// Swift takes two texts for equal that Unicode calls equivalent: an `é` of one character, and one of an `e` with an
/// accent behind it. To LiveKit, to whoever signs tokens and to the log those are two names, and who may read the
/// one must not read the other.
public struct ExactName: Sendable, Hashable {
    /// The name.
    public let text: String

    /// The key for a name.
    public init(_ text: String) {
        self.text = text
    }

    /// True when the names have the same bytes.
    public static func == (left: ExactName, right: ExactName) -> Bool { left.text.hasSameBytes(as: right.text) }

    /// Feeds what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
}

extension String {
    /// True when both have the same bytes, which is narrower than `==`; see ``ExactName``.
    public func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count, self == other else { return false }
        return utf8.elementsEqual(other.utf8)
    }

    func hashBytes(into hasher: inout Hasher) {
        let isDone: Void? = utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if isDone == nil { for byte in utf8 { hasher.combine(byte) } }
        // Where a name ends, so that two in a row are not the same as two others.
        hasher.combine(0xFF as UInt8)
    }
}
