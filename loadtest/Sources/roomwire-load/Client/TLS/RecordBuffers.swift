internal import COpenSSL
internal import Glibc

/// The memory that OpenSSL takes for every record and gives back after it, kept for the next one: a buffer, since an
/// idle connection holds none, and with TLS 1.3 what the record's header is written with. So a few blocks serve all
/// streams, and an event allocates nothing.
///
/// Everything of OpenSSL happens on one thread here: this is for the program, not for its tests.
enum RecordBuffers {
    /// Begins to keep them. OpenSSL agrees only before it was used for the first time.
    static func keep() {
        CRYPTO_set_mem_functions(allocate, reallocate, release)
    }
}

/// Blocks of one size that are not in use.
private struct Shelf {
    /// The requests that a block is for. Each block has room for the largest.
    let requests: ClosedRange<Int>
    /// Blocks with as much room or less, wherever they come from, are as good as its own.
    let mostRoom: Int
    /// The most that are kept.
    let most = 64
    private var spare: UnsafeMutableRawPointer?
    private var count = 0

    init(_ requests: ClosedRange<Int>, mostRoom: Int) {
        self.requests = requests
        self.mostRoom = mostRoom
    }

    mutating func take() -> UnsafeMutableRawPointer? {
        guard let block = spare else { return malloc(requests.upperBound) }
        // Each spare block begins with the next one's address.
        spare = block.load(as: UnsafeMutableRawPointer?.self)
        count -= 1
        return block
    }

    /// - Returns: whether the block is kept.
    mutating func put(_ block: UnsafeMutableRawPointer, room: Int) -> Bool {
        guard room >= requests.upperBound, room <= mostRoom, count < most else { return false }
        block.storeBytes(of: spare, as: UnsafeMutableRawPointer?.self)
        spare = block
        count += 1
        return true
    }
}

// Unchecked by the compiler: one thread uses OpenSSL, as said above.
nonisolated(unsafe) private var headers = Shelf(33...40, mostRoom: 40)
nonisolated(unsafe) private var buffers = Shelf((16 * 1024 + 1)...(20 * 1024), mostRoom: 40 * 1024)

private func allocate(_ count: Int, _ file: UnsafePointer<CChar>?, _ line: CInt) -> UnsafeMutableRawPointer? {
    if headers.requests.contains(count) { return headers.take() }
    if buffers.requests.contains(count) { return buffers.take() }
    return count == 0 ? nil : malloc(count)
}

private func reallocate(
    _ block: UnsafeMutableRawPointer?, _ count: Int, _ file: UnsafePointer<CChar>?, _ line: CInt
) -> UnsafeMutableRawPointer? {
    realloc(block, count)
}

private func release(_ block: UnsafeMutableRawPointer?, _ file: UnsafePointer<CChar>?, _ line: CInt) {
    guard let block else { return }
    let room = malloc_usable_size(block)
    if !headers.put(block, room: room), !buffers.put(block, room: room) { free(block) }
}
