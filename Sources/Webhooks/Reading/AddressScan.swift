internal import Glibc

/// Finds the end of an address's host.
enum HostScan {
    typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    /// A name, or an address in brackets, and a port of digits. Other bytes before the first slash are not part of the
    /// host: they may be half of a password that contains a slash.
    static func host(_ bytes: Bytes) -> Bytes {
        var end = bytes.startIndex
        if bytes.first == UInt8(ascii: "[") {
            let address = bytes.dropFirst().prefix { isAddressByte($0) }
            if address.endIndex < bytes.endIndex, bytes[address.endIndex] == UInt8(ascii: "]") {
                end = address.endIndex + 1
            }
        } else {
            end = bytes.firstIndex { !isNameByte($0) } ?? bytes.endIndex
        }
        guard end < bytes.endIndex, bytes[end] == UInt8(ascii: ":") else { return bytes[..<end] }
        let port = bytes[(end + 1)...].prefix(6).prefix { $0 &- UInt8(ascii: "0") < 10 }
        let isPort = !port.isEmpty && port.count < 6 && port.endIndex == bytes.endIndex
        return isPort ? bytes[..<port.endIndex] : bytes[..<end]
    }

    /// True for a byte of an IPv6 address, which may end in an IPv4 address.
    private static func isAddressByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 6 || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: ".")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}

/// Finds addresses in text.
enum AddressScan {
    /// The position of an address: its scheme, and the end of the separator.
    struct Found {
        let start: Int
        let schemeEnd: Int
        let hostStart: Int
        /// Whether its separator is `://` and not an escaped form of it.
        let isPlain: Bool
    }

    /// False for text without a colon or a percent sign, in which there is no address. memchr examines many bytes at
    /// once.
    static func hasMark(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return false }
        return memchr(start, Int32(UInt8(ascii: ":")), bytes.count) != nil
            || memchr(start, Int32(UInt8(ascii: "%")), bytes.count) != nil
    }

    /// Whether a separator may begin here. The second byte decides for nearly every colon, as in a time of day.
    private static func mayBegin(in bytes: UnsafeBufferPointer<UInt8>, at place: Int) -> Bool {
        guard place + 1 < bytes.count else { return false }
        let second = bytes[place + 1]
        switch bytes[place] {
        case UInt8(ascii: ":"): return "/\\%&".utf8.contains(second)
        case UInt8(ascii: "%"): return second == UInt8(ascii: "2") || second == UInt8(ascii: "3")
        default: return false
        }
    }

    /// The next address at or after `start`. Each byte is examined a bounded number of times.
    static func next(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Found? {
        var place = start
        while place < bytes.count {
            guard mayBegin(in: bytes, at: place) else {
                place += 1
                continue
            }
            if let length = AddressSeparator.length(in: bytes, at: place) {
                var scheme = place
                while scheme > start, isSchemeByte(bytes[scheme - 1]) { scheme -= 1 }
                if scheme < place {
                    return Found(
                        start: scheme, schemeEnd: place, hostStart: place + length,
                        isPlain: length == AddressSeparator.plainBytes)
                }
            }
            place += 1
        }
        return nil
    }

    /// The end of an address. A blank or a quotation mark ends it; backslashes before the mark belong to the mark. An
    /// apostrophe ends it only if one stands before the address and no letter follows, since a key may contain one.
    static func end(of found: Found, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let isQuoted = found.start > 0 && bytes[found.start - 1] == UInt8(ascii: "'")
        var end = found.hostStart
        while end < bytes.count, bytes[end] > 0x20, bytes[end] != UInt8(ascii: "\""),
            !(isQuoted && bytes[end] == UInt8(ascii: "'") && !isLetterOrDigit(in: bytes, at: end + 1))
        {
            end += 1
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return end }
        while end > found.hostStart, bytes[end - 1] == UInt8(ascii: "\\") { end -= 1 }
        return end
    }

    private static func isLetterOrDigit(in bytes: UnsafeBufferPointer<UInt8>, at place: Int) -> Bool {
        guard place < bytes.count else { return false }
        return (bytes[place] | 0x20) &- UInt8(ascii: "a") < 26 || bytes[place] &- UInt8(ascii: "0") < 10
    }

    /// The start of the host after user and password, in an address whose separator is escaped: there `%40` may
    /// represent the `@`, and `%2f` the slash that ends the authority.
    static func escapedHost(of found: Found, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let end = authorityEnd(of: found, in: bytes)
        var host = found.hostStart
        var place = found.hostStart
        while place < end {
            if bytes[place] == UInt8(ascii: "@") {
                host = place + 1
            } else if let next = AddressSeparator.percentEnd(of: (0x34, 0x30), in: bytes, at: place) {
                host = next
            } else if AddressSeparator.percentEnd(of: (0x32, 0x66), in: bytes, at: place) != nil {
                break
            }
            place += 1
        }
        return host
    }

    /// The end of the authority (user, host and port).
    static func authorityEnd(of found: Found, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        bytes[found.hostStart...].firstIndex { $0 <= 0x20 || "/?#\"'\\".utf8.contains($0) } ?? bytes.count
    }

    static func isSchemeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
