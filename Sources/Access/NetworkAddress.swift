internal import Glibc
package import Wire

/// An IP address of either version. An IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.1`) is the IPv4
/// address: a listener for both versions shows it so.
package struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address as a number; an IPv4 address in the low 32 bits.
    let bits: UInt128
    /// Whether it is IPv4.
    package let isIPv4: Bool

    /// Reads an address as text: no port, no zone, no brackets. Nil for anything else.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(bits: UInt128(UInt32(bigEndian: four.s_addr)), isIPv4: true)
            return
        }
        var six = in6_addr()
        guard text.utf8.contains(UInt8(ascii: ":")), inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let bits = withUnsafeBytes(of: &six) { bytes in bytes.reduce(UInt128(0)) { ($0 << 8) | UInt128($1) } }
        let isMapped = bits >> 32 == 0xFFFF
        self.init(bits: isMapped ? bits & 0xFFFF_FFFF : bits, isIPv4: isMapped)
    }

    /// The same of text from outside. No address is longer than its usual writing, so that nothing longer is read.
    package init?(_ text: WireText) {
        guard text.byteCount < Int(INET6_ADDRSTRLEN) else { return nil }
        self.init(text.string)
    }

    init(bits: UInt128, isIPv4: Bool) {
        self.bits = bits
        self.isIPv4 = isIPv4
    }

    /// As it is usually written.
    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if isIPv4 {
            var address = in_addr(s_addr: UInt32(truncatingIfNeeded: bits).bigEndian)
            inet_ntop(AF_INET, &address, &buffer, socklen_t(buffer.count))
        } else {
            var bytes = bits.bigEndian
            inet_ntop(AF_INET6, &bytes, &buffer, socklen_t(buffer.count))
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What counts as one address where addresses are counted: an IPv4 address by itself, and of IPv6 the network of
    /// 64 bits, of which one customer has at least one, with every address in it.
    /// - Parameter text: an address; what is none counts as it is.
    package static func countedAs(_ text: String) -> WireText {
        guard text.utf8.contains(UInt8(ascii: ":")), let address = NetworkAddress(text), !address.isIPv4 else {
            return WireText(text)
        }
        return "\(NetworkAddress(bits: (address.bits >> 64) << 64, isIPv4: false))/64"
    }
}

/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
package struct NetworkRange: Sendable, Hashable {
    private let first: NetworkAddress
    private let prefixBits: Int

    /// Reads an address, perhaps with the length of its prefix. Nil for anything else, and for bits beyond the
    /// prefix: whoever wrote `10.1.2.3/8` may have meant something narrower.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = NetworkAddress(parts[0]) else { return nil }
        let width = address.isIPv4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard let number = Int(parts[1]), (0...width).contains(number), "\(number)" == parts[1] else { return nil }
            length = number
        }
        guard length == width || address.bits << (128 - width + length) == 0 else { return nil }
        first = address
        prefixBits = length
    }

    /// True when `address` lies in it.
    package func contains(_ address: NetworkAddress) -> Bool {
        guard address.isIPv4 == first.isIPv4 else { return false }
        let width = first.isIPv4 ? 32 : 128
        return prefixBits == 0 || (address.bits ^ first.bits) >> (width - prefixBits) == 0
    }
}
