internal import CLibevent

/// The memory that a connection's waiting input occupies. A client may send its request byte by byte, and libevent and
/// evhttp would keep each piece in a buffer of its own.
struct WaitingInput {
    private static let gatheredBytes = 16 * 1024
    /// The least memory that a piece occupies.
    private static let pieceBytes = 1024

    /// The greatest number of pieces in which the waiting bytes can be.
    private var pieces = 0
    /// How many bytes must wait before evhttp's read callback is called.
    private var gathers = 0

    /// Lets evhttp read a body only in portions of ``gatheredBytes``, or whole: it stores each piece in a buffer of a
    /// kilobyte or more.
    /// - Parameter lacksBody: true while evhttp waits for more of a body.
    mutating func gather(on transport: OpaquePointer, lacksBody: Bool) {
        let bytes = lacksBody ? Self.gatheredBytes : 0
        guard bytes != gathers else { return }
        gathers = bytes
        bufferevent_setwatermark(transport, Int16(EV_READ), bytes, 0)
    }

    /// Copies short waiting pieces into one buffer: over TLS each record has a buffer of its own. The more bytes wait,
    /// the less often, so that a piece costs at most a kilobyte of copying.
    /// - Parameters:
    ///   - count: bytes that have just arrived.
    ///   - joins: false if the pieces are only to be counted.
    mutating func grew(_ input: OpaquePointer, by count: Int, joins: Bool) {
        let waiting = evbuffer_get_length(input)
        pieces = waiting == count ? 1 : pieces + 1
        guard joins, pieces * Self.pieceBytes >= max(Self.gatheredBytes, waiting) else { return }
        pieces = 1
        evbuffer_pullup(input, -1)
    }
}
