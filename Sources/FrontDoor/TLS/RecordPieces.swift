internal import CLibevent
internal import Glibc
internal import Platform

/// Walks through the pieces of a vectored write in portions of a record each.
struct RecordPieces {
    private let buffers: UnsafeMutableBufferPointer<System.Buffer>
    private var index = 0
    private var offset = 0

    init(_ buffers: UnsafeMutableBufferPointer<System.Buffer>) {
        self.buffers = buffers
    }

    /// The bytes from here on, without going on; nil at the end. They are copied only if they lie in several pieces.
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

    /// Goes on behind bytes that were taken.
    mutating func take(_ count: Int) {
        offset += count
        while index < buffers.count, offset >= buffers[index].iov_len {
            offset -= buffers[index].iov_len
            index += 1
        }
    }
}
