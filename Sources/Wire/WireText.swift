internal import Glibc

/// Text from outside: names, header values, claims, JSON strings. It is compared, ordered and hashed by its bytes.
///
/// Swift's `String` compares by Unicode's canonical equivalence. An `é` of one scalar and one of an `e` with an accent
/// after it are equal there; to a provider, an issuer of tokens and the journal they are two names. Comparing or hashing
/// such a `String` also normalises it first, which takes time quadratic in the marks that a sender puts on one letter.
/// So text from outside stays in this type, and becomes a `String` only to be shown.
@frozen public struct WireText: Sendable {
    /// The text, for output. Comparing, hashing or splitting this String loses what the type is for.
    public let string: String

    /// The bytes of `string`.
    @inlinable public init(_ string: String) {
        var contiguous = string
        contiguous.makeContiguousUTF8()
        self.string = contiguous
    }

    /// The text of these bytes. Bytes that are not UTF-8 are replaced by U+FFFD.
    @inlinable public init(decoding bytes: some Collection<UInt8>) {
        string = String(decoding: bytes, as: UTF8.self)
    }

    /// The text of these bytes; nil if they are not UTF-8.
    @inlinable public init?(validating bytes: some Sequence<UInt8>) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        string = text
    }

    /// The bytes.
    @inlinable public var utf8: String.UTF8View { string.utf8 }

    /// How many bytes there are.
    @inlinable public var byteCount: Int { string.utf8.count }

    /// True when there are no bytes.
    @inlinable public var isEmpty: Bool { string.utf8.isEmpty }

    /// The result of `body` for the bytes in one piece.
    @inlinable public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        utf8.withContiguousStorageIfAvailable(body) ?? Array(utf8).withUnsafeBufferPointer(body)
    }
}

extension WireText: Hashable, Comparable {
    /// True when both have the same bytes.
    @inlinable public static func == (left: WireText, right: WireText) -> Bool {
        guard left.byteCount == right.byteCount else { return false }
        return left.withBytes { left in right.withBytes { right in order(left, right) == 0 } }
    }

    /// By bytes, which is also the order of the Unicode scalars.
    @inlinable public static func < (left: WireText, right: WireText) -> Bool {
        left.withBytes { left in right.withBytes { right in order(left, right) < 0 } }
    }

    /// Hashes the bytes and one byte that no text contains, so that two adjacent texts differ from any other two.
    @inlinable public func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }

    /// Below, at or above 0, as `memcmp`; of two where one begins with the other, the shorter comes first.
    @usableFromInline static func order(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Int {
        let common = min(left.count, right.count)
        guard common > 0, let leftStart = left.baseAddress, let rightStart = right.baseAddress else {
            return left.count - right.count
        }
        let difference = Int(memcmp(leftStart, rightStart, common))
        return difference == 0 ? left.count - right.count : difference
    }
}

extension WireText: ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The bytes of a literal, or of an interpolation.
    @inlinable public init(stringLiteral value: String) { self.init(value) }

    /// The text itself.
    @inlinable public var description: String { string }
}
