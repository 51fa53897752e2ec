internal import Events
internal import Settings
internal import Webhooks
internal import Wire

/// A source whose provider is asked.
struct ReconciledSource: Sendable {
    let settings: SourceSettings
    let provider: any Reconcilable
    let api: ProviderAPI?
    /// Differs whenever a reload sets the source up anew.
    let generation: Int
    var schedule: ReconcileSchedule
    var reconciliation: Reconciliation
    /// Rooms whose questions failed in the last pass.
    var unanswered: Set<WireText> = []
    var failures = FailureNotice()
    /// The pass under way, or the last one.
    var task: Task<Void, Never>?
    private var heardAt: WallTime?
    private var unavailable: UInt64?

    init(
        _ settings: SourceSettings, _ reconcile: ReconcileSettings, _ provider: any Reconcilable, generation: Int,
        now: SteadyTime
    ) {
        self.settings = settings
        self.provider = provider
        self.generation = generation
        api = ProviderAPI(provider, reconcile)
        schedule = ReconcileSchedule(reconcile, now: now)
        reconciliation = Reconciliation(
            source: WireText(settings.name), provider: WireText(settings.provider),
            graceMilliseconds: reconcile.graceMilliseconds, lists: { provider.lists($0) },
            redacted: { provider.redacted($0) })
    }

    /// A webhook was committed. After a long silence it may be the first after an outage.
    mutating func heard(at now: WallTime) {
        if let heardAt, now - heardAt > Limits.reconcileSilenceMilliseconds { schedule.hadGap() }
        heardAt = now
    }

    /// Looks whether webhooks may have been lost since the last look.
    /// - Parameter unavailable: webhooks that the relay could not take.
    mutating func look(unavailable: UInt64, wasStopped: Bool) {
        if wasStopped || unavailable != self.unavailable ?? unavailable { schedule.hadGap() }
        self.unavailable = unavailable
    }
}

/// When rooms that are not open any more were closed.
struct ClosedRooms: Sendable {
    private var times: [RoomKey: WallTime] = [:]
    private var othersClosedBy: WallTime
    /// The journal's head after the last commit that is noted here.
    var head: EventID

    /// More are not worth their memory.
    private static let most = 50_000

    /// No room is known: all that are not open were closed by this event.
    init(head: EventID = .zero) {
        self.head = head
        othersClosedBy = head.time
    }

    /// The moment before which all other rooms were closed, if the journal's head is this.
    func othersClosedBy(at head: EventID) -> WallTime {
        // A commit that is not noted yet may have closed any room.
        head > self.head ? head.time : othersClosedBy
    }

    mutating func closed(_ key: RoomKey, at time: WallTime) {
        if times.count >= Self.most {
            times = [:]
            othersClosedBy = time
        }
        times[key] = time
    }

    /// Forgets rooms that were closed before this.
    mutating func prune(before time: WallTime) {
        guard times.values.contains(where: { $0 < time }) else { return }
        othersClosedBy = max(othersClosedBy, times.values.lazy.filter { $0 < time }.max() ?? othersClosedBy)
        times = times.filter { $0.value >= time }
    }

    func times(of source: WireText) -> [WireText: WallTime] {
        var found: [WireText: WallTime] = [:]
        for (key, time) in times where key.source == source { found[key.name] = time }
        return found
    }
}
