internal import CLibevent
internal import Dispatch
internal import Glibc
internal import Platform
internal import Wire

/// What the unfinished requests of one door come to.
struct DoorLoad {
    /// The door's place among those that share a bound.
    var share = 0
    var bytes = 0
    /// What was last told.
    var told = 0
    /// The one with the most bytes, as far as it is known.
    var largest: DoorConnection?
    var shortages = 0
}

// Who goes first when there is too much of something.
extension Door {
    /// The bytes of an unfinished request have changed.
    func unfinished(of connection: DoorConnection, changedBy change: Int) {
        load.bytes += change
        if connection.unfinishedBytes > load.largest?.unfinishedBytes ?? 0 {
            load.largest = connection
        } else if connection.unfinishedBytes == 0, load.largest === connection {
            load.largest = nil
        }
        if abs(load.bytes - load.told) >= BodyBudget.stepBytes { tellLoad() }
    }

    /// Another door has found that there are too many bytes of unfinished requests in all.
    public func relieve() {
        load.largest = connections.values.max { $0.unfinishedBytes < $1.unfinishedBytes }
        tellLoad()
    }

    private func tellLoad() {
        load.told = load.bytes
        let largest = load.largest?.unfinishedBytes ?? 0
        guard shared.bodies.tell(load.share, bytes: load.bytes, largest: largest) == .shed,
            let victim = connections.values.max(by: { $0.unfinishedBytes < $1.unfinishedBytes }),
            victim.unfinishedBytes > 0
        else { return }
        // Its bytes go, which is told in turn: until what is left fits.
        victim.refuse(DoorRefusal(status: 503, problem: "too many bytes of unfinished requests are held"))
        if load.bytes != load.told { tellLoad() }
    }

    /// What is looked after once a second.
    func relieveSlowly() {
        let shortages = shared.shortages.withLock { $0 }
        if shortages != load.shortages {
            load.shortages = shortages
            closeLongestIdle()
        }
        guard shared.bodies.isAfterBurst() else { return }
        // The allocator keeps what was freed. On a thread of its own, since a loop would stand still meanwhile.
        DispatchQueue.global(qos: .utility).async { System.returnFreedMemory() }
    }

    /// Frees descriptors.
    /// - Returns: false if this door has none to give.
    func relieveOfDescriptors() -> Bool {
        load.shortages = shared.shortages.withLock { count in
            count += 1
            return count
        }
        return closeLongestIdle()
    }

    /// Closes some of the connections on which nothing is asked, those first that have been so for longest.
    @discardableResult
    private func closeLongestIdle() -> Bool {
        // On a connection that has just been accepted a request may be on its way.
        let latest = SteadyTime.now() - Self.spareMilliseconds
        // Several at a time, so that looking for them costs little for each.
        let idle = connections.values.filter { $0.isIdle && $0.idleSince <= latest }
            .sorted { $0.idleSince < $1.idleSince }
        for connection in idle.prefix(max(Self.idleAtOnce, idle.count / 64)) { connection.closeAsIdle() }
        return !idle.isEmpty
    }

    private static let idleAtOnce = 8
    /// How long a connection is idle before it is closed for want of descriptors.
    private static let spareMilliseconds: Int64 = 200

    /// evhttp has accepted a connection on which nothing can have come yet.
    func greet(_ connection: DoorConnection) {
        connection.watchForClose()
        guard let address = countedAs(connection.remoteAddress) else { return }
        connection.countedAs = address
        guard !shared.addresses.add(address) else { return }
        let others = connections.values.lazy.filter { $0 !== connection && $0.isIdle && $0.countedAs == address }
        if let longest = others.min(by: { $0.idleSince < $1.idleSince }) { return longest.closeAsIdle() }
        guard connection.handshake == nil else { return connection.closeAsIdle() }
        connection.refuse(DoorRefusal(status: 429, problem: "too many connections from this address"))
    }
}
