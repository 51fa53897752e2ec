import Events
import Foundation
import Journal
import Platform
import Testing
import Wire

/// Random users of rooms with members. A failing seed is repeated alone by `ROOMWIRE_SEED=<seed> swift test --filter
/// MemberSimulator`; `ROOMWIRE_SEEDS=<count>` sets how many there are.
struct MemberSimulatorTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seeds = environment["ROOMWIRE_SEEDS"].flatMap(UInt64.init) ?? 400
    private static let onlySeed = environment["ROOMWIRE_SEED"].flatMap(UInt64.init)

    @Test func everyViewOfTheMembersIsTheRelaysAndNoMemberFlickersOrStays() throws {
        if let seed = Self.onlySeed {
            _ = try Self.run(seed, showsTrace: true)
            return
        }
        var joins = 0
        var leaves: [WireText: Int] = [:]
        for seed in 0..<Self.seeds {
            guard let world = try Self.run(seed, showsTrace: false) else { return }
            joins += world.joins
            leaves.merge(world.leaves) { $0 + $1 }
        }
        // Otherwise the runs would prove nothing.
        #expect(joins > Int(Self.seeds) * 5)
        for reason in ["timeout", "restart", "left", "revoked"] as [WireText] {
            #expect(leaves[reason] ?? 0 > Int(Self.seeds) / 20, "\(reason)")
        }
    }

    /// Some seeds run over the real SQLite.
    private static func run(_ seed: UInt64, showsTrace: Bool) throws -> MemberWorld? {
        let folder = NSTemporaryDirectory() + "members-\(seed)-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let memory = MemoryHome(keptEvents: 10 + Int(seed % 7) * 10, rooms: RoomBounds(rooms: 1))
        let isReal = seed % 100 == 99
        let world = try MemberWorld(seed: seed) {
            guard isReal else { return memory }
            return try SQLiteHome(
                folder: folder, durability: .normal, retention: Retention(ageMilliseconds: nil, events: 30, bytes: nil),
                rooms: RoomBounds(rooms: 1))
        }
        do {
            try world.run(steps: 150)
            return world
        } catch {
            let trace = showsTrace ? "\n" + world.trace.joined(separator: "\n") : ""
            Issue.record(
                "seed \(seed): \(error); replay: ROOMWIRE_SEED=\(seed) swift test --filter MemberSimulator\(trace)")
            return nil
        }
    }
}
