internal import CLibevent
internal import EventLoop
internal import Foundation
internal import Glibc
internal import Platform

/// Messages between processes: JSON, a line each, over a socket of the two.
///
/// What is written waits until the kernel takes it; what is read comes a message at a time.
final class Lines<Incoming: Decodable> {
    private let descriptor: CInt
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 8)
    private var waiting: [UInt8] = []
    private var event: UnsafeMutablePointer<event>?
    private let box: LinesBox
    private let take: (Incoming?) -> Void

    /// Reads `descriptor` on `loop`, and owns it from now on. `take` gets nil when the other side is gone.
    init(_ descriptor: CInt, on loop: Loop, take: @escaping (Incoming?) -> Void) {
        self.descriptor = descriptor
        self.take = take
        box = LinesBox()
        event = event_new(
            loop.base, descriptor, Int16(EV_READ | EV_PERSIST), linesAreReady,
            Unmanaged.passUnretained(box).toOpaque())
        box.isReady = { [weak self] in self?.read() }
        event_add(event, nil)
    }

    deinit {
        if let event { event_free(event) }
        Glibc.close(descriptor)
        buffer.deallocate()
    }

    /// Sends a message. What the other side no longer takes is lost.
    func send(_ message: some Encodable) {
        guard var data = try? JSONEncoder().encode(message) else { return }
        data.append(0x0A)
        data.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.send(
                    descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
                if count > 0 { sent += count } else if errno != EINTR { return }
            }
        }
    }

    private func read() {
        switch System.read(descriptor, into: buffer) {
        case .wouldBlock: return
        case .closed:
            if let event { event_free(event) }
            event = nil
            take(nil)
        case .read(let count):
            waiting.append(contentsOf: buffer[..<count])
            while let end = waiting.firstIndex(of: 0x0A) {
                let line = Data(waiting[..<end])
                waiting.removeSubrange(...end)
                if let message = try? JSONDecoder().decode(Incoming.self, from: line) { take(message) }
            }
        }
    }
}

/// What the callback from C can name without knowing what the messages are.
private final class LinesBox {
    var isReady: () -> Void = {}
}

private func linesAreReady(_ descriptor: CInt, _ what: Int16, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    let box = Unmanaged<LinesBox>.fromOpaque(argument).takeUnretainedValue()
    withExtendedLifetime(box) { box.isReady() }
}
