internal import CLibevent
internal import Glibc
internal import Platform

/// Divides the pieces of a vectored write into portions of at most one TLS record.
struct RecordPieces {
    private let buffers: UnsafeMutableBufferPointer<System.Buffer>
    private var index = 0
    private var offset = 0

    init(_ buffers: UnsafeMutableBufferPointer<System.Buffer>) {
        self.buffers = buffers
    }

    /// The next bytes, without advancing; nil at the end. They are copied only if they lie in several pieces.
    mutating func next(
        upTo limit: Int, gatheredIn scratch: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        guard index < buffers.count else { return nil }
        let first = UnsafeRawBufferPointer(
            start: buffers[index].iov_base, count: buffers[index].iov_len
        ).dropFirst(offset)
        if index == buffers.count - 1 || first.count >= limit {
            return UnsafeRawBufferPointer(rebasing: first.prefix(limit))
        }
        var count = 0
        var skipped = offset
        for buffer in buffers[index...] {
            let piece = UnsafeRawBufferPointer(start: buffer.iov_base, count: buffer.iov_len).dropFirst(skipped)
                .prefix(limit - count)
            skipped = 0
            UnsafeMutableRawBufferPointer(rebasing: scratch[count...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: piece))
            count += piece.count
            if count == limit { break }
        }
        return UnsafeRawBufferPointer(rebasing: scratch[..<count])
    }

    /// Advances by `count` bytes.
    mutating func take(_ count: Int) {
        offset += count
        while index < buffers.count, offset >= buffers[index].iov_len {
            offset -= buffers[index].iov_len
            index += 1
        }
    }
}
