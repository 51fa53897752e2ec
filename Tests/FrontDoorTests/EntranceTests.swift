import EventLoop
import Platform
import Testing

@testable import FrontDoor

struct EntranceTests {
    @Test
    func doorUsedOnAnotherThreadEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let limits = DoorLimits(
                headerBytes: 1024, bodyBytes: 1024, requestSeconds: 1, idleSeconds: 1, handshakeSeconds: 1)
            nonisolated(unsafe) let door = try Door(on: Loop(), limits: limits, refused: { _ in }, handler: { _ in })
            let done = Monitor(false)
            try NamedThread.start(name: "other") {
                door.accept(false)
                done.change { $0 = true }
            }
            _ = done.wait { $0 ? true : nil }
        }
    }
}
