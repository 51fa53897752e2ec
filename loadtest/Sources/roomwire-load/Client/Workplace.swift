internal import EventLoop
internal import Platform

/// What all sockets of a loop share.
final class Workplace {
    /// How much one read takes.
    private static let readBytes = 256 * 1024

    /// The loop on which everything happens.
    let loop: Loop
    /// Where all read into.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readBytes, alignment: 16)
    /// How late this program is.
    let stalls: StallMeter
    /// What says when events are due, while they are published at a steady rate.
    var pacer: Pacer?

    /// Of a loop.
    init(_ loop: Loop) throws(SystemError) {
        self.loop = loop
        stalls = try StallMeter(on: loop)
    }

    deinit {
        buffer.deallocate()
    }

    /// Between two sockets that had something to do: does what cannot wait for the others.
    func rest() {
        pacer?.catchUp()
    }
}
