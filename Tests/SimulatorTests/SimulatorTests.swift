import Events
import Foundation
import Journal
import Platform
import TestSupport
import Testing
import Wire

/// Random meetings of random clients with a failing world. After each run every client must have received the log,
/// filtered, once and in order. A failing seed is repeated alone by `ROOMWIRE_SEED=<seed> swift test --filter Simulator`;
/// `ROOMWIRE_SEEDS=<count>` sets how many there are. When a run ends the whole process, `ROOMWIRE_SEED_TRACE=1` names
/// each seed before it runs.
struct SimulatorTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seeds = environment["ROOMWIRE_SEEDS"].flatMap(UInt64.init) ?? 2_000
    private static let onlySeed = environment["ROOMWIRE_SEED"].flatMap(UInt64.init)
    private static let namesSeeds = environment["ROOMWIRE_SEED_TRACE"] != nil
    /// Parts that run beside one another.
    private static let parts: UInt64 = 4

    @Test(arguments: 0..<parts)
    func everyClientReceivesItsPartOfTheLogOnceAndInOrder(part: UInt64) throws {
        if let seed = Self.onlySeed {
            if seed % Self.parts == part { _ = try Self.run(seed, showsTrace: true) }
            return
        }
        var received = 0
        var resyncs = 0
        var finished = 0
        var ephemerals = 0
        for seed in stride(from: part, to: Self.seeds, by: UInt64.Stride(Self.parts)) {
            guard let tally = try Self.run(seed, showsTrace: false) else { return }
            received += tally.received
            resyncs += tally.resyncs
            finished += tally.finished
            ephemerals += tally.ephemerals
        }
        // Otherwise the runs would prove nothing.
        #expect(received > Int(Self.seeds / Self.parts) * 20)
        #expect(resyncs > Int(Self.seeds / Self.parts) / 2)
        #expect(finished > Int(Self.seeds / Self.parts) / 3)
        #expect(ephemerals > Int(Self.seeds / Self.parts) / 2)
    }

    /// Some seeds run over the real SQLite, most over memory, a hundred times faster.
    private static func run(_ seed: UInt64, showsTrace: Bool) throws -> World.Tally? {
        if namesSeeds { FileHandle.standardError.write(Data("seed \(seed)\n".utf8)) }
        let folder = NSTemporaryDirectory() + "simulator-\(seed)-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let rooms = RoomBounds(staleAfterMilliseconds: 4_000, rooms: 2 + Int(seed % 5))
        let memory = MemoryHome(keptEvents: 10 + Int(seed % 7) * 10, rooms: rooms)
        let isReal = seed % 150 == 149
        let clocks = Monitor(World.firstReading)
        let world = try World(seed: seed, clocks: clocks) {
            guard isReal else { return memory }
            return try SQLiteHome(
                folder: folder, durability: .normal, retention: Retention(ageMilliseconds: nil, events: 30, bytes: nil),
                rooms: rooms, clock: { clocks.withLock { $0 } })
        }
        do {
            try world.run(steps: 110)
            return world.tally
        } catch {
            let trace = showsTrace ? "\n" + world.trace.joined(separator: "\n") : ""
            Issue.record("seed \(seed): \(error); replay: ROOMWIRE_SEED=\(seed) swift test --filter Simulator\(trace)")
            return nil
        }
    }
}
