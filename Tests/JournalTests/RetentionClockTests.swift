import Events
import Platform
import Testing
import Wire

@testable import Journal

/// Clocks as a machine has them: time passes on both, and one can be set.
struct Clocks {
    private(set) var reading = ClockReading(boot: 1_000_000, wall: start)

    mutating func pass(_ milliseconds: Int64) {
        reading.boot += milliseconds
        reading.wall += milliseconds
    }

    mutating func set(by milliseconds: Int64) { reading.wall += milliseconds }

    /// An id of an event that is committed now.
    var id: EventID { Make.id(reading.wall, 0) }
}

struct RetentionClockTests {
    private let day: Int64 = 86_400_000
    private let settling = Limits.steadyClockMilliseconds
    private var clocks = Clocks()

    /// Lets time pass in looks a second apart; returns the jumps.
    private func pass(_ clock: inout RetentionClock, _ clocks: inout Clocks, _ milliseconds: Int64) -> [ClockJump] {
        (0..<milliseconds / 1000).compactMap { _ in
            clocks.pass(1000)
            return clock.observe(clocks.reading)
        }
    }

    @Test(arguments: [12_000, 40 * 86_400_000, -12_000, -40 * 86_400_000] as [Int64])
    func anEventOfThisRunIsAsOldAsTheTimeThatPassed(_ step: Int64) throws {
        var clocks = clocks
        var clock = RetentionClock(at: clocks.reading, head: .zero)
        let id = clocks.id
        clock.committed(through: id)
        #expect(pass(&clock, &clocks, 5_000) == [])
        clocks.set(by: step)
        #expect(clock.observe(clocks.reading) == ClockJump(milliseconds: step))
        #expect(clock.age(of: id) == 5_000)
        #expect(pass(&clock, &clocks, 2 * settling) == [])
        #expect(clock.age(of: id) == 5_000 + 2 * settling)
    }

    @Test func aJumpIsToldOnceAndTheWayBackIsAnother() {
        var clocks = clocks
        var clock = RetentionClock(at: clocks.reading, head: .zero)
        clocks.set(by: 12_000)
        #expect(pass(&clock, &clocks, 3_000) == [ClockJump(milliseconds: 12_000)])
        clocks.set(by: -12_000)
        #expect(pass(&clock, &clocks, 3_000) == [ClockJump(milliseconds: -12_000)])
    }

    @Test func slowCorrectionsAreNoJumps() {
        var clocks = clocks
        let earlier = clocks.id
        var clock = RetentionClock(at: clocks.reading, head: earlier)
        for _ in 0..<600 {
            // A tenth of a second in each, more than any time service does: a minute in all.
            clocks.pass(1_000)
            clocks.set(by: 100)
            #expect(clock.observe(clocks.reading) == nil)
        }
        #expect((600_000...660_000).contains(clock.age(of: earlier) ?? 0))
    }

    @Test func anEarlierEventGoesByItsDateOnceTheClockHasBeenSteady() {
        var clocks = clocks
        let earlier = clocks.id
        clocks.pass(day)
        var clock = RetentionClock(at: clocks.reading, head: earlier)
        _ = pass(&clock, &clocks, settling - 1_000)
        #expect(clock.age(of: earlier) == settling - 1_000)
        _ = pass(&clock, &clocks, 1_000)
        #expect(clock.age(of: earlier) == day + settling)
    }

    @Test(arguments: [40 * 86_400_000, -40 * 86_400_000] as [Int64])
    func aJumpMakesNoEarlierEventOlder(_ step: Int64) throws {
        var clocks = clocks
        let earlier = clocks.id
        clocks.pass(3_600_000)
        var clock = RetentionClock(at: clocks.reading, head: earlier)
        _ = pass(&clock, &clocks, 2 * settling)
        clocks.set(by: step)
        // Not while it waits, nor when the new time has lasted.
        for _ in 0..<4 {
            _ = pass(&clock, &clocks, settling / 2)
            #expect(try #require(clock.age(of: earlier)) <= 3_600_000 + 4 * settling)
        }
        clocks.set(by: -step)
        _ = pass(&clock, &clocks, 2 * settling)
        #expect(try #require(clock.age(of: earlier)) <= 3_600_000 + 6 * settling)
    }

    @Test func aMachineThatStartsInTheYear2040RemovesNothingUntilItsClockIsRight() throws {
        var clocks = clocks
        let earlier = clocks.id
        clocks.pass(3_600_000)
        clocks.set(by: 14 * 365 * day)
        var clock = RetentionClock(at: clocks.reading, head: earlier)
        _ = pass(&clock, &clocks, settling - 2_000)
        #expect(clock.age(of: earlier) == settling - 2_000)
        clocks.set(by: -14 * 365 * day)
        _ = pass(&clock, &clocks, settling)
        #expect(try #require(clock.age(of: earlier)) < 2 * settling)
        _ = pass(&clock, &clocks, settling)
        #expect(clock.age(of: earlier) == 3_600_000 + 3 * settling - 2_000)
    }

    @Test func anEventDatedInTheFutureIsAsOldAsThisRun() {
        var clocks = clocks
        let future = Make.id(clocks.reading.wall + 400 * day, 7)
        var clock = RetentionClock(at: clocks.reading, head: future)
        _ = pass(&clock, &clocks, 3 * settling)
        #expect(clock.age(of: future) == 3 * settling)
        let own = future.next(at: clocks.reading.wall)
        clock.committed(through: own)
        _ = pass(&clock, &clocks, 9_000)
        #expect(clock.age(of: own) == 9_000)
    }

    @Test func marksAreBoundedAndExactToATwoThousandth() throws {
        var marks = CommitMarks()
        let steps: Int64 = 200_000
        for step in 0..<steps { marks.append(through: EventID(rawValue: step), at: step * 1_000) }
        #expect(marks.count <= Limits.commitMarks)
        for step in stride(from: 0, to: steps, by: 997) {
            let time = try #require(marks.time(of: EventID(rawValue: step)))
            // Never before it was committed, or it would go too early.
            #expect(time >= step * 1_000 && time <= step * 1_000 + 2 * steps * 1_000 / Int64(Limits.commitMarks / 2))
        }
        #expect(marks.time(of: EventID(rawValue: steps)) == nil)
        let before = marks.count
        marks.remove(through: EventID(rawValue: steps / 2))
        #expect(marks.count < before && marks.time(of: EventID(rawValue: steps / 2 + 1)) != nil)
        marks.remove(through: EventID(rawValue: steps))
        #expect(marks.count == 0)
    }

    @Test(
        arguments: [
            (12_000, "ahead by 12.0 s"), (-2_500, "back by 2.5 s"), (3_456_000_000, "ahead by 40.0 d"),
            (-5_400_000, "back by 90.0 min"), (10_800_000, "ahead by 3.0 h"),
        ] as [(Int64, String)])
    func aJumpSaysItsSizeAndDirection(_ milliseconds: Int64, _ text: String) {
        #expect(ClockJump(milliseconds: milliseconds).description.hasPrefix("the wall clock was set \(text): "))
    }

    @Test func theMachinesClocksAreRead() {
        let first = ClockReading.now()
        let second = ClockReading.now()
        #expect(first.boot > 0 && second.boot >= first.boot)
        #expect(abs(second.offset - first.offset) < Limits.clockJumpMilliseconds)
    }
}

/// The same, of a log on disk.
struct RetentionByAgeTests {
    let folder: TemporaryFolder
    let clocks = Monitor(Clocks())

    init() throws { folder = try TemporaryFolder() }

    private func home() throws -> SQLiteHome {
        try SQLiteHome(
            folder: folder.path, durability: .normal,
            retention: Retention(ageMilliseconds: 10_000, events: nil, bytes: nil),
            clock: { [clocks] in clocks.withLock { $0.reading } })
    }

    private func append(_ count: Int, from first: Int = 0, to home: SQLiteHome) throws -> [EventID] {
        try home.append(Make.plain(count, from: first), now: clocks.withLock { $0.reading.wall }).events.map(\.id)
    }

    private func pass(_ milliseconds: Int64) { clocks.withLock { $0.pass(milliseconds) } }
    private func set(by milliseconds: Int64) { clocks.withLock { $0.set(by: milliseconds) } }

    @Test(arguments: [12_000, 40 * 86_400_000] as [Int64])
    func aJumpAheadAndBackRemovesNothingAndIdsStayInOrder(_ step: Int64) throws {
        let home = try home()
        var ids = try append(3, to: home)
        set(by: step)
        ids += try append(2, from: 3, to: home)
        #expect(try home.trim() == 0)
        #expect(home.takeClockJumps() == [ClockJump(milliseconds: step)])
        #expect(ids[3].milliseconds - ids[2].milliseconds == step)
        set(by: -step)
        ids += try append(2, from: 5, to: home)
        #expect(try home.trim() == 0)
        #expect(home.takeClockJumps() == [ClockJump(milliseconds: -step)])
        #expect(ids == ids.sorted() && Set(ids).count == 7)
        #expect(try home.all().map(\.id) == ids)
        // Their time comes all the same.
        pass(10_001)
        #expect(try home.trim() == 7)
    }

    @Test func afterARestartTheDateDecidesOnceTheClockHasBeenSteady() throws {
        let first = try home()
        _ = try append(4, to: first)
        try first.close()
        pass(5_000)
        set(by: 86_400_000)
        let home = try home()
        #expect(try home.trim() == 0)
        pass(9_000)
        set(by: -86_400_000)
        #expect(try home.trim() == 0)
        #expect(try home.all().count == 4)
        // They are certainly older than the time since the start.
        pass(1_001)
        #expect(try home.trim() == 4)
    }

    @Test func otherBoundsDoNotWaitForTheClock() throws {
        let home = try home()
        _ = try append(9, to: home)
        set(by: -86_400_000)
        home.keep(Retention(ageMilliseconds: 10_000, events: 4, bytes: nil))
        #expect(try home.trim() == 5)
    }
}
