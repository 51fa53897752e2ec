internal import EventLoop

/// Cuts one stream after the other, at a steady rate, for as long as it lives.
final class Dropper {
    private static let tickMilliseconds: Int64 = 5

    private let drops: Drops
    private weak var shard: Shard?
    private var timer: LoopTimer?
    private var done: Int64 = 0
    /// Those that are away, by when they come back.
    private var away: [(place: Int, until: Int64)] = []
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
        let now = SteadyClock.nanoseconds()
        let due = (now - start) / drops.intervalNanoseconds
        while done < due {
            // Every turn through the streams makes others of them new, unless the two numbers share a factor.
            let isNew = drops.freshEvery > 0 && Int(done) % drops.freshEvery == drops.freshEvery - 1
            let place = Int(done) % shard.streamCount
            if shard.drop(place, isNew: isNew) { away.append((place, now + drops.awayNanoseconds)) }
            done += 1
        }
        let back = away.prefix { $0.until <= now }.map(\.place)
        away.removeFirst(back.count)
        // After the cuts, so that one who stays away for no time is back at once.
        shard.reopen(back)
        timer?.set(afterMilliseconds: Self.tickMilliseconds)
    }

    /// Ends the cuts, and lets all come back.
    func stop() {
        timer = nil
        shard?.reopen(away.map(\.place))
        away = []
    }
}
