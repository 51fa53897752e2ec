import Fanout
import Glibc

/// The double of a socket: takes as many bytes as it has room for, and breaks.
final class Wire: Outlet {
    /// What the client has received and not read yet.
    private(set) var bytes: [UInt8] = []
    /// How many bytes go in; nil for any number.
    var room: Int?
    /// The hub waits to be told of room.
    var isAwaited = false
    private(set) var isClosed = false
    /// Why the stream has ended, as the hub says.
    private(set) var ended: StreamEnd?
    /// The client has left without a word.
    var isBroken = false
    /// A write or a wait that a socket's owner must not ask for.
    private(set) var misuse: String?

    /// Whether what comes is in chunks, and what was in those that came whole.
    var isChunked = false
    private var decoded: [UInt8] = []
    /// The last chunk has come.
    private(set) var hasLastChunk = false

    /// Set if the hub is to write past the outlet, once it is live.
    let descriptor: CInt?

    init(room: Int?, descriptor: CInt?) {
        self.room = room
        self.descriptor = descriptor
    }

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        if isAwaited { misuse = "written to while it has no room" }
        if isClosed { misuse = "written to after it was closed" }
        if isBroken { return .gone }
        var taken = 0
        for buffer in buffers {
            let count = min(buffer.iov_len, room ?? .max)
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: buffer.iov_base, count: count))
            taken += count
            room = room.map { $0 - count }
        }
        return .took(taken)
    }

    func waitForRoom() {
        if room != 0 { misuse = "waited for although it has room" }
        isAwaited = true
    }

    func close() {
        if isClosed { misuse = "closed twice" }
        isClosed = true
    }

    func subscriberHasEnded(_ subscriber: Subscriber, because reason: StreamEnd) { ended = reason }

    /// The next whole block, which ends with so many newlines; what is cut off waits for its rest.
    func take(newlines: Int) -> [UInt8]? {
        guard isChunked else { return Self.take(newlines, from: &bytes) }
        while takeChunk() {}
        return Self.take(newlines, from: &decoded)
    }

    private func takeChunk() -> Bool {
        guard let line = bytes.firstIndex(of: 0x0A) else { return false }
        guard !hasLastChunk, line > 0, bytes[line - 1] == 0x0D,
            let size = Int(String(decoding: bytes[..<(line - 1)], as: UTF8.self), radix: 16)
        else {
            misuse = hasLastChunk ? "written to after the last chunk" : "given no chunk"
            return false
        }
        let end = line + 1 + size
        guard bytes.count >= end + 2 else { return false }
        guard bytes[end] == 0x0D, bytes[end + 1] == 0x0A else {
            misuse = "given a chunk that is longer than it says"
            return false
        }
        hasLastChunk = size == 0
        decoded += bytes[(line + 1)..<end]
        bytes.removeFirst(end + 2)
        return true
    }

    private static func take(_ newlines: Int, from bytes: inout [UInt8]) -> [UInt8]? {
        let end = bytes.withUnsafeBytes { all -> Int? in
            guard let start = all.baseAddress else { return nil }
            var from = 0
            while from < all.count, let found = memchr(start + from, 0x0A, all.count - from) {
                let newline = UnsafeRawPointer(found) - start
                if newlines == 1 || (newline > 0 && all[newline - 1] == 0x0A) { return newline + 1 }
                from = newline + 1
            }
            return nil
        }
        guard let end else { return nil }
        let block = Array(bytes[..<end])
        bytes.removeFirst(end)
        return block
    }
}
