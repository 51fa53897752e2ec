internal import COpenSSL
internal import Glibc

/// The buffers that OpenSSL reads and writes records in, kept for the next connection.
///
/// Connections give them back whenever they are idle, and would allocate one for every event; so a few serve all
/// streams. Everything of OpenSSL happens on one thread here: this is for the program, not for its tests.
enum RecordBuffers {
    /// What a buffer has at least: a record of 16 KiB with what is around it is somewhat smaller.
    fileprivate static let bytes = 20 * 1024
    /// What OpenSSL asks for if it is a buffer.
    fileprivate static let requests = (16 * 1024 + 1)...bytes
    /// The most that are kept.
    fileprivate static let most = 64

    /// Begins to keep them. OpenSSL agrees only before it was used for the first time.
    static func keep() {
        CRYPTO_set_mem_functions(allocate, reallocate, release)
    }
}

// Unchecked by the compiler: one thread uses OpenSSL, as said above. Each spare buffer begins with the next one's address.
nonisolated(unsafe) private var spare: UnsafeMutableRawPointer?
nonisolated(unsafe) private var spareCount = 0

private func allocate(_ count: Int, _ file: UnsafePointer<CChar>?, _ line: CInt) -> UnsafeMutableRawPointer? {
    guard RecordBuffers.requests.contains(count) else { return count == 0 ? nil : malloc(count) }
    guard let buffer = spare else { return malloc(RecordBuffers.bytes) }
    spare = buffer.load(as: UnsafeMutableRawPointer?.self)
    spareCount -= 1
    return buffer
}

private func reallocate(
    _ block: UnsafeMutableRawPointer?, _ count: Int, _ file: UnsafePointer<CChar>?, _ line: CInt
) -> UnsafeMutableRawPointer? {
    realloc(block, count)
}

private func release(_ block: UnsafeMutableRawPointer?, _ file: UnsafePointer<CChar>?, _ line: CInt) {
    guard let block else { return }
    // Another block of that size serves as well.
    let room = malloc_usable_size(block)
    guard room >= RecordBuffers.bytes, room < 2 * RecordBuffers.bytes, spareCount < RecordBuffers.most else {
        return free(block)
    }
    block.storeBytes(of: spare, as: UnsafeMutableRawPointer?.self)
    spare = block
    spareCount += 1
}
