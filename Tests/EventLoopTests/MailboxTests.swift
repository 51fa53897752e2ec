import Glibc
import Platform
import Testing

@testable import EventLoop

struct MailboxTests {
    @Test
    func commandsOfManyThreadsAreTakenOnceEachThreadsInOrder() throws {
        let mailbox = try Mailbox<(thread: Int, number: Int)>()
        let running = Locked(4)
        for thread in 0..<4 {
            try NamedThread.start(name: "poster") {
                for number in 0..<2_000 { mailbox.post((thread, number)) }
                let left = running.withLock { running in
                    running -= 1
                    return running
                }
                if left == 0 { mailbox.post((-1, 0)) }
            }
        }
        let loop = try Loop()
        var next = [0, 0, 0, 0]
        var isInOrder = true
        let reader = mailbox.attach(
            to: loop, limit: 100,
            handle: { command in
                guard command.thread >= 0 else { return loop.stop() }
                isInOrder = isInOrder && next[command.thread] == command.number
                next[command.thread] += 1
            }, endOfTurn: {})
        loop.run()
        withExtendedLifetime(reader) {}
        #expect(isInOrder)
        #expect(next == [2_000, 2_000, 2_000, 2_000])
    }

    @Test
    func burstIsTakenInOneTurnAndALongOneInSeveral() throws {
        let mailbox = try Mailbox<Int>()
        for number in 0..<25 { mailbox.post(number) }
        let loop = try Loop()
        var turns: [Int] = []
        var taken = 0
        let reader = mailbox.attach(
            to: loop, limit: 10, handle: { _ in taken += 1 },
            endOfTurn: {
                if turns.last != taken { turns.append(taken) }
                if taken == 25 { loop.stop() }
            })
        loop.run()
        withExtendedLifetime(reader) {}
        #expect(turns == [10, 20, 25])
    }

    @Test
    func commandPostedWhileOneIsHandledIsNotForgotten() throws {
        let mailbox = try Mailbox<Int>()
        let loop = try Loop()
        var taken: [Int] = []
        let reader = mailbox.attach(
            to: loop, limit: 10,
            handle: { command in
                taken.append(command)
                if command < 5 { mailbox.post(command + 1) } else { loop.stop() }
            }, endOfTurn: {})
        mailbox.post(0)
        loop.run()
        withExtendedLifetime(reader) {}
        #expect(taken == [0, 1, 2, 3, 4, 5])
    }

    /// Its wake-up comes together with that of the backlog's rest, and must not be taken for it.
    @Test
    func commandPostedWhileALongBurstIsHandledIsNotForgotten() throws {
        let mailbox = try Mailbox<Int>()
        let loop = try Loop()
        var taken: [Int] = []
        let reader = mailbox.attach(
            to: loop, limit: 10,
            handle: { command in
                taken.append(command)
                if command == 0 { mailbox.post(15) }
                if command == 15 { loop.stop() }
            }, endOfTurn: {})
        let emergency = LoopTimer(on: loop) { loop.stop() }
        emergency.set(afterMilliseconds: 2_000)
        for number in 0..<15 { mailbox.post(number) }
        loop.run()
        withExtendedLifetime((reader, emergency)) {}
        #expect(taken == Array(0...15))
    }

    @Test
    func closedMailboxRefuses() throws {
        let mailbox = try Mailbox<Int>()
        #expect(mailbox.post(1))
        mailbox.close()
        #expect(!mailbox.post(2))
    }

    @Test
    func timerFiresOnceUnlessCancelledOrReplaced() throws {
        let loop = try Loop()
        var fired: [String] = []
        let cancelled = LoopTimer(on: loop) { fired.append("cancelled") }
        let replaced = LoopTimer(on: loop) { fired.append("replaced") }
        let last = LoopTimer(on: loop) {
            fired.append("last")
            loop.stop()
        }
        cancelled.set(afterMilliseconds: 1)
        cancelled.cancel()
        replaced.set(afterMilliseconds: 1)
        replaced.set(afterMilliseconds: 5)
        last.set(afterMilliseconds: 30)
        loop.run()
        #expect(fired == ["replaced", "last"])
    }

    @Test
    func timerMayLetGoOfItself() throws {
        let loop = try Loop()
        var timer: LoopTimer?
        var fired = 0
        timer = LoopTimer(on: loop) {
            fired += 1
            timer = nil
            loop.stop()
        }
        timer?.set(afterMilliseconds: 0)
        loop.run()
        #expect(fired == 1)
        #expect(timer == nil)
    }
}
