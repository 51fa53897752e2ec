internal import Glibc

/// The id of the last event that each stream was shown: what it resumes from.
///
/// All lie in one piece of memory, so that noting one allocates nothing.
final class LastIDs {
    /// How long an id may be.
    static let longestBytes = 119

    private let memory: UnsafeMutableRawBufferPointer
    private let stride = longestBytes + 1

    /// No ids, for so many streams.
    init(streams: Int) {
        memory = .allocate(byteCount: max(1, streams * stride), alignment: 8)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        memory.deallocate()
    }

    /// Notes the last id of a stream; an empty one forgets it, as the standard wants.
    /// - Returns: false if it is too long to be kept.
    func note(_ id: UnsafeRawBufferPointer, of stream: Int) -> Bool {
        guard id.count <= Self.longestBytes, let base = memory.baseAddress else { return false }
        memory[stream * stride] = UInt8(id.count)
        if let bytes = id.baseAddress { memcpy(base + stream * stride + 1, bytes, id.count) }
        return true
    }

    /// Forgets the last id of a stream.
    func forget(_ stream: Int) {
        memory[stream * stride] = 0
    }

    /// The last id of a stream.
    func id(of stream: Int) -> String? {
        let start = stream * stride
        let count = Int(memory[start])
        return count == 0 ? nil : String(decoding: memory[start + 1...start + count], as: UTF8.self)
    }
}
