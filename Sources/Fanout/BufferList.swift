internal import Events
internal import Glibc

/// The pieces of one vectored write, in memory that is allocated once and used for every write.
final class BufferList {
    private let storage: UnsafeMutableBufferPointer<iovec>
    private(set) var count = 0
    private(set) var bytes = 0

    /// The most pieces that one event needs: name, frame, raw body with what stands around it.
    static let piecesPerEvent = 6

    init() {
        storage = .allocate(capacity: Limits.writeBuffers)
    }

    deinit { storage.deallocate() }

    /// True when another event might not fit.
    var isFull: Bool { count + Self.piecesPerEvent > storage.count || bytes >= Limits.turnBytes }

    /// What is to be written.
    var buffers: UnsafeMutableBufferPointer<iovec> { UnsafeMutableBufferPointer(rebasing: storage[..<count]) }

    func removeAll() {
        count = 0
        bytes = 0
    }

    /// Adds bytes that stay where they are until the write is done.
    func append(_ piece: UnsafeRawBufferPointer) {
        guard piece.count > 0 else { return }
        storage[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
        count += 1
        bytes += piece.count
    }

    /// Takes bytes away at the front: they were sent before.
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
