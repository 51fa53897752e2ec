import Fanout
import Glibc

/// A socket that is none: it keeps what it takes, and takes as little as it is told to.
final class TestOutlet: Outlet {
    /// Everything taken so far.
    private(set) var bytes: [UInt8] = []
    /// How often it was offered something.
    private(set) var writes = 0
    /// How often it was asked to tell when it has room.
    private(set) var waits = 0
    private(set) var isClosed = false
    /// How many bytes it still takes; nil for any number.
    var room: Int?
    /// The other side has left.
    var isGone = false
    /// Set if the hub is to write past the outlet, once it is live.
    var descriptor: CInt?

    func write(_ buffers: UnsafeMutableBufferPointer<iovec>) -> OutletResult {
        writes += 1
        if isGone || isClosed { return .gone }
        var taken = 0
        for buffer in buffers {
            let count = min(buffer.iov_len, room ?? .max)
            bytes += UnsafeRawBufferPointer(start: buffer.iov_base, count: count)
            taken += count
            room = room.map { $0 - count }
        }
        return .took(taken)
    }

    func waitForRoom() { waits += 1 }

    func close() { isClosed = true }

    /// Everything taken so far, as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The ids of the events taken so far. What the relay says itself has no `id` among its members.
    var ids: [String] {
        text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("data: {") || line.hasPrefix("{"), let start = line.firstRange(of: #""id":""#) else {
                return nil
            }
            return String(line[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    /// The ids that moved the client's last id so far, those of events included, in order: SSE only.
    var lastIDs: [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
    }

    /// Forgets what came before.
    func clear() {
        bytes = []
        writes = 0
    }
}
