internal import Events
internal import Glibc
internal import Wire

/// The pieces of one vectored write, in memory that is allocated once and used for every write.
final class BufferList {
    private let storage: UnsafeMutableBufferPointer<iovec>
    /// Memory for the chunks' size lines, one for each piece that could begin a chunk.
    private let heads: UnsafeMutableRawBufferPointer
    private var headsEnd = 0
    private(set) var count = 0
    private(set) var bytes = 0

    /// The most pieces that one event needs: chunk size line, name, frame, `"raw":`, raw body, closing brace, chunk
    /// end.
    static let piecesPerEvent = 8

    init() {
        storage = .allocate(capacity: Limits.writeBuffers + 2)
        heads = .allocate(byteCount: Limits.writeBuffers * Chunk.headBytes, alignment: 1)
    }

    deinit {
        storage.deallocate()
        heads.deallocate()
    }

    /// True when another event might not fit.
    var isFull: Bool { count + Self.piecesPerEvent > storage.count || bytes >= Limits.turnBytes }

    /// The pieces in the order in which they are written.
    var buffers: UnsafeMutableBufferPointer<iovec> { UnsafeMutableBufferPointer(rebasing: storage[..<count]) }

    func removeAll() {
        count = 0
        bytes = 0
        headsEnd = 0
    }

    /// Makes one chunk of the pieces that `add` appends.
    func appendChunk(_ add: () -> Void) {
        let (piece, before) = (count, bytes)
        // The size line can be written only when all pieces of the chunk are known, so its entry stays empty until
        // then.
        storage[piece] = iovec(iov_base: nil, iov_len: 0)
        count += 1
        add()
        let head = UnsafeMutableRawBufferPointer(rebasing: heads[headsEnd...])
        let length = Chunk.writeHead(of: bytes - before, to: head)
        storage[piece] = iovec(iov_base: head.baseAddress, iov_len: length)
        headsEnd += length
        bytes += length
        append(Chunk.end.buffer)
    }

    /// Adds bytes that stay where they are until the write is done.
    func append(_ piece: UnsafeRawBufferPointer) {
        guard piece.count > 0 else { return }
        storage[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
        count += 1
        bytes += piece.count
    }

    /// Removes the bytes at the front that an earlier write has sent.
    func dropFirst(_ skipped: Int) {
        var rest = skipped
        var first = 0
        while first < count, rest >= storage[first].iov_len {
            rest -= storage[first].iov_len
            first += 1
        }
        for index in first..<count { storage[index - first] = storage[index] }
        count -= first
        bytes -= skipped
        guard rest > 0, count > 0 else { return }
        storage[0].iov_base += rest
        storage[0].iov_len -= rest
    }
}
