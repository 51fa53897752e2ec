internal import EventLoop

/// Cuts one stream after the other, at a steady rate, for as long as it lives.
final class Dropper {
    private static let tickMilliseconds: Int64 = 5

    private let drops: Drops
    private weak var shard: Shard?
    private var timer: LoopTimer?
    private var done: Int64 = 0
    private let start = SteadyClock.nanoseconds()

    /// Begins to cut the streams of `shard`, which holds it.
    init(_ drops: Drops, on loop: Loop, shard: Shard) {
        self.drops = drops
        self.shard = shard
        timer = LoopTimer(on: loop) { [weak self] in self?.tick() }
        timer?.set(afterMilliseconds: Self.tickMilliseconds)
    }

    private func tick() {
        guard let shard else { return }
        let due = (SteadyClock.nanoseconds() - start) / drops.intervalNanoseconds
        while done < due {
            // Every turn through the streams makes others of them new, unless the two numbers share a factor.
            let isNew = drops.freshEvery > 0 && Int(done) % drops.freshEvery == drops.freshEvery - 1
            shard.drop(Int(done) % shard.streamCount, isNew: isNew)
            done += 1
        }
        timer?.set(afterMilliseconds: Self.tickMilliseconds)
    }
}
