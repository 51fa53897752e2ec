internal import Glibc

/// Bytes in memory that the kernel leaves out of core dumps and, if the limit on locked memory allows it, does not swap
/// out: they never reach a disk.
package final class UndumpedBytes: @unchecked Sendable {
    // Unchecked: written in the initialiser and never after it.
    private let memory: UnsafeMutableRawBufferPointer

    /// A copy of `bytes`.
    /// - Throws: if the system has no memory, or cannot keep it out of core dumps.
    package init(_ bytes: [UInt8]) throws(SystemError) {
        // An empty mapping is an error.
        let length = max(1, bytes.count)
        let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { throw SystemError("map memory") }
        guard madvise(start, length, MADV_DONTDUMP) == 0 else {
            let code = errno
            munmap(start, length)
            throw SystemError("keep memory out of core dumps", code: code)
        }
        _ = mlock(start, length)
        memory = UnsafeMutableRawBufferPointer(start: start, count: bytes.count)
        memory.copyBytes(from: bytes)
    }

    deinit { munmap(memory.baseAddress, max(1, memory.count)) }

    /// How many bytes there are.
    package var count: Int { memory.count }

    /// A copy of the bytes in ordinary memory.
    package var bytes: [UInt8] { Array(memory) }
}
