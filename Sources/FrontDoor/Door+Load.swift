internal import CLibevent
internal import Dispatch
internal import EventLoop
internal import Glibc
internal import Platform
internal import Wire

/// The unfinished requests of one door, in bytes.
struct DoorLoad {
    /// The door's number in the shared ``BodyBudget``.
    var share = 0
    var bytes = 0
    /// The bytes that were last reported to the ``BodyBudget``.
    var reported = 0
    /// The connection with the most bytes, as far as it is known.
    var largest: DoorConnection?
    var shortages = 0
}

// Which requests and connections the door ends first when bytes, descriptors or an address's connections run out.
extension Door {
    /// Updates the total when the bytes of an unfinished request have changed.
    func unfinished(of connection: DoorConnection, changedBy change: Int) {
        load.bytes += change
        if connection.unfinishedBytes > load.largest?.unfinishedBytes ?? 0 {
            load.largest = connection
        } else if connection.unfinishedBytes == 0, load.largest === connection {
            load.largest = nil
        }
        if abs(load.bytes - load.reported) >= BodyBudget.stepBytes { reportLoad() }
    }

    /// Refuses the largest request if the shared bound is exceeded. Another door's report causes this call.
    package func relieve() {
        loop.preconditionIsCurrent()
        load.largest = connections.values.max { $0.unfinishedBytes < $1.unfinishedBytes }
        reportLoad()
    }

    private func reportLoad() {
        load.reported = load.bytes
        let largest = load.largest?.unfinishedBytes ?? 0
        guard shared.bodies.report(load.share, bytes: load.bytes, largest: largest) == .shed,
            let victim = connections.values.max(by: { $0.unfinishedBytes < $1.unfinishedBytes }),
            victim.unfinishedBytes > 0
        else { return }
        // The refusal drops the request's bytes. Report again, until the rest fits.
        victim.refuse(DoorRefusal(status: 503, problem: "too many bytes of unfinished requests are held"))
        if load.bytes != load.reported { reportLoad() }
    }

    /// Frees descriptors and memory if they ran short. Called once a second.
    func relieveSlowly() {
        let shortages = shared.shortages.withLock { $0 }
        if shortages != load.shortages {
            load.shortages = shortages
            closeLongestIdle()
        }
        guard shared.bodies.isAfterBurst() else { return }
        // The allocator keeps freed memory. Returning it takes long, so another thread does it and the loop goes on.
        DispatchQueue.global(qos: .utility).async { System.returnFreedMemory() }
    }

    /// Closes idle connections of this door, and makes the other doors close some at their next sweep.
    /// - Returns: false if this door has no idle connection.
    func relieveOfDescriptors() -> Bool {
        load.shortages = shared.shortages.withLock { count in
            count += 1
            return count
        }
        return closeLongestIdle()
    }

    /// Closes some of the connections without a request, beginning with those idle for longest.
    @discardableResult
    private func closeLongestIdle() -> Bool {
        // A request may already be on its way on a connection that has just been accepted.
        let latest = SteadyTime.now() - Self.spareMilliseconds
        // Several at a time, so that one search serves several.
        let idle = connections.values.filter { $0.isIdle && $0.idleSince <= latest }
            .sorted { $0.idleSince < $1.idleSince }
        for connection in idle.prefix(max(Self.idleAtOnce, idle.count / 64)) { connection.closeAsIdle() }
        return !idle.isEmpty
    }

    private static let idleAtOnce = 8
    /// How long a connection must be idle before it may be closed to free its descriptor.
    private static let spareMilliseconds: Int64 = 200

    /// Counts a new connection to its address, before its first bytes are read. Above the bound, closes the address's
    /// longest idle connection, or refuses this one.
    func admit(_ connection: DoorConnection) {
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
