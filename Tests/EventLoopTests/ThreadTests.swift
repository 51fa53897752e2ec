import Platform
import Testing

@testable import EventLoop

struct ThreadTests {
    @Test
    func loopUsedOnAnotherThreadEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            nonisolated(unsafe) let loop = try Loop()
            let done = Monitor(false)
            try NamedThread.start(name: "other") {
                loop.stop()
                done.change { $0 = true }
            }
            _ = done.wait { $0 ? true : nil }
        }
    }

    @Test
    func mailboxAttachedToTwoLoopsEndsTheProgram() async {
        await #expect(processExitsWith: .failure) {
            let mailbox = try Mailbox<Int>()
            let (first, second) = (try Loop(), try Loop())
            let readers = [first, second].map { mailbox.attach(to: $0, limit: 1, handle: { _ in }, endOfTurn: {}) }
            withExtendedLifetime(readers) {}
        }
    }
}
