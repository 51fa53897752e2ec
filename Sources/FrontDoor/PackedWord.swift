/// A short ASCII word in three registers, so that comparing names in every request allocates nothing. A word of more
/// than 24 bytes equals no known one.
struct PackedWord: Equatable, Sendable {
    private var low: UInt64 = 0
    private var middle: UInt64 = 0
    private var high: UInt64 = 0
    private var count: UInt64 = 0

    init() {}

    private init(_ text: StaticString) {
        text.withUTF8Buffer { for byte in $0 { add(byte) } }
    }

    var isEmpty: Bool { count == 0 }

    mutating func add(_ byte: UInt8) {
        let shifted = UInt64(byte) << (8 * (count & 7))
        switch count {
        case 0..<8: low |= shifted
        case 8..<16: middle |= shifted
        case 16..<24: high |= shifted
        default: break
        }
        // A longer word keeps counting, so its length differs from every known word's.
        count &+= 1
    }

    static let http10 = PackedWord("HTTP/1.0")
    static let http11 = PackedWord("HTTP/1.1")
    static let get = PackedWord("GET")
    static let head = PackedWord("HEAD")
    static let post = PackedWord("POST")
    static let put = PackedWord("PUT")
    static let delete = PackedWord("DELETE")
    static let options = PackedWord("OPTIONS")
    static let host = PackedWord("host")
    static let contentLength = PackedWord("content-length")
    static let transferEncoding = PackedWord("transfer-encoding")
    static let expect = PackedWord("expect")
}
