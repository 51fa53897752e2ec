internal import Events
internal import Glibc
internal import Platform

/// Standard output of `tail --state`: lines whose places are saved, also when a signal ends the process.
struct PlacedOutput: Sendable {
    private let keeper: PlaceKeeper

    /// Takes SIGTERM, SIGINT and SIGHUP from now on: the place is saved, then the signal does what it always does.
    init(_ file: StateFile) throws {
        let keeper = try PlaceKeeper(output: STDOUT_FILENO) { id throws(SystemError) in try file.save(id) }
        self.keeper = keeper
        try SignalReader.start([SIGTERM, SIGINT, SIGHUP]) { number in
            _ = keeper.finish()
            // The caller sees which signal ended the process.
            signal(number, SIG_DFL)
            kill(getpid(), number)
        }
    }

    /// Takes what a follower passes on.
    func take(_ item: Follower.Item) {
        switch item {
        case .line(let data, _, let place):
            if keeper.write(data, place: place.flatMap { EventID($0) }) { return }
            // The reader has gone, as `head` does when it has enough.
            _ = keeper.finish()
            exit(0)
        case .place(let id):
            if let id = EventID(id) { keeper.reached(id) }
        }
    }

    /// Saves the last place.
    func finish() throws(Failure) {
        if let failure = keeper.finish() { throw .refused("the place is not saved: \(failure)") }
    }
}
