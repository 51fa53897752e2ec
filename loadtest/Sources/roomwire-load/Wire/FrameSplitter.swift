internal import Glibc

/// Cuts what a stream sends into frames: everything up to an empty line.
///
/// A frame that one read holds whole is passed on where it stands; only the beginning of one that is cut is copied.
struct FrameSplitter {
    private var carry: [UInt8] = []

    /// Passes each frame that `bytes` completes to `body`, without its empty line.
    mutating func split(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard !carry.isEmpty else {
            let rest = Self.cut(bytes, body)
            carry.append(contentsOf: rest)
            return
        }
        carry.append(contentsOf: bytes)
        let rest = carry.withUnsafeBytes { Self.cut($0, body).count }
        carry.removeFirst(carry.count - rest)
    }

    /// Forgets the beginning of a frame: the connection it came on is gone.
    mutating func reset() {
        carry = []
    }

    private static func cut(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> UnsafeRawBufferPointer {
        var start = 0
        var from = 0
        while let line = bytes.firstLineFeed(from: from) {
            from = line + 1
            guard let end = bytes.endOfEmptyLine(at: from) else { continue }
            body(UnsafeRawBufferPointer(rebasing: bytes[start..<line]))
            start = end
            from = end
        }
        return UnsafeRawBufferPointer(rebasing: bytes[start...])
    }
}

extension UnsafeRawBufferPointer {
    func firstLineFeed(from offset: Int) -> Int? {
        guard let base = baseAddress, offset < count,
            let found = memchr(base + offset, 0x0A, count - offset)
        else { return nil }
        return base.distance(to: UnsafeRawPointer(found))
    }

    /// Where the empty line that starts at `offset` ends, if one starts there.
    fileprivate func endOfEmptyLine(at offset: Int) -> Int? {
        guard offset < count else { return nil }
        if self[offset] == 0x0A { return offset + 1 }
        guard offset + 1 < count, self[offset] == 0x0D, self[offset + 1] == 0x0A else { return nil }
        return offset + 2
    }

    /// Where `text` stands first.
    func position(of text: [UInt8]) -> Int? {
        text.withUnsafeBytes { text in
            guard let base = baseAddress, let wanted = text.baseAddress, count >= text.count else { return nil }
            let end = base + (count - text.count + 1)
            var from = base
            // Glibc has memmem, but its Swift module does not.
            while from < end, let found = memchr(from, CInt(text[0]), from.distance(to: end)) {
                if memcmp(found, wanted, text.count) == 0 { return base.distance(to: UnsafeRawPointer(found)) }
                from = UnsafeRawPointer(found) + 1
            }
            return nil
        }
    }
}
