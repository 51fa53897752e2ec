internal import API
internal import Access
internal import Events
internal import Fetch
internal import Logging
internal import Platform
internal import Settings
internal import Telemetry
internal import Wire

/// Fetches the keys of the issuers with a `jwks_url`, puts them in force, and continues the requests that wait for
/// them.
///
/// Only requests whose token needs an unknown key wait for it. Loops take its lock briefly and never wait for a fetch.
final class KeyFetcher: KeyDemand {
    /// A request that waits until the keys of some issuers have been fetched.
    private struct Waiter {
        let settled: @Sendable () -> Void
        var issuers: Set<String>
        let deadline: SteadyTime
    }

    private struct State {
        var entries: [String: KeyEntry] = [:]
        var waiters: [Waiter] = []
        /// Nil before the first ``follow(_:in:)`` and after ``stop()``.
        var shared: SharedState?
        var ticker: Task<Void, Never>?
    }

    private let state = Locked(State())
    private static let tick = Duration.milliseconds(250)

    // MARK: Start and stop

    /// Adds the known keys, fetched before or stored in the data folder, to rules that are not in force yet.
    /// - Returns: the rules with those keys, and the issuers to ``follow(_:in:)`` once they are in force.
    func prepare(_ rules: Rules, _ settings: Settings) -> (rules: Rules, issuers: [KeyEntry]) {
        var rules = rules
        var entries: [KeyEntry] = []
        for address in settings.tokens.issuers.compactMap(KeyAddress.init) {
            let known = state.withLock { $0.entries[address.issuer] }
            var entry = known
            if known?.address != address { entry = KeyEntry(address, settings) }
            guard var entry else { continue }
            entry.schedule.refreshMilliseconds = Int64(settings.tokens.jwksRefreshMilliseconds)
            if let keys = entry.keys { rules = rules.replacingKeys(of: address.issuer, with: keys) }
            entries.append(entry)
        }
        return (rules, entries)
    }

    /// Fetches the keys of these issuers, and of no others, from now on.
    func follow(_ issuers: [KeyEntry], in shared: SharedState) {
        let fetchedMeanwhile = state.withLock { state -> [KeyEntry] in
            let before = state.entries
            state.entries = [:]
            for var entry in issuers {
                if let old = before[entry.address.issuer], old.address == entry.address {
                    let refresh = entry.schedule.refreshMilliseconds
                    entry = old
                    entry.schedule.refreshMilliseconds = refresh
                }
                state.entries[entry.address.issuer] = entry
            }
            state.shared = shared
            if state.ticker == nil, !issuers.isEmpty { state.ticker = ticking() }
            return before.isEmpty ? [] : Array(state.entries.values)
        }
        for entry in fetchedMeanwhile {
            guard let keys = entry.keys else { continue }
            shared.replaceRules { $0.replacingKeys(of: entry.address.issuer, with: keys) }
        }
        beginWhatIsDue()
    }

    private func ticking() -> Task<Void, Never> {
        Task { [weak self] in
            while !Task.isCancelled {
                self?.beginWhatIsDue()
                try? await Task.sleep(for: Self.tick)
            }
        }
    }

    /// Ends all fetches, and continues all requests that wait.
    func stop() {
        let waiters = state.withLock { state in
            state.ticker?.cancel()
            state.shared = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.settled() }
    }

    // MARK: Requests

    func demand(
        of issuers: [String], under rules: Rules, settled: @escaping @Sendable () -> Void
    ) -> KeyAnswer? {
        let now = SteadyTime.now()
        let answer = state.withLock { state -> KeyAnswer? in
            guard let shared = state.shared else { return .unavailable(retryAfterSeconds: 1) }
            guard shared.rules === rules else { return nil }
            var awaited: Set<String> = []
            var other = KeyAnswer.judge
            for issuer in issuers {
                guard let answer = state.entries[issuer]?.schedule.demand(now: now) else { continue }
                if answer == .wait { awaited.insert(issuer) } else { other = answer }
            }
            guard !awaited.isEmpty else { return other }
            guard state.waiters.count < Limits.keyWaiters else { return .unavailable(retryAfterSeconds: 1) }
            state.waiters.append(
                Waiter(settled: settled, issuers: awaited, deadline: now + Limits.keyWaitMilliseconds))
            return .wait
        }
        beginWhatIsDue()
        return answer
    }

    func demandAfterWait(of issuers: [String]) -> KeyAnswer {
        let now = SteadyTime.now()
        return state.withLock { state in
            guard state.shared != nil else { return .unavailable(retryAfterSeconds: 1) }
            let answers = issuers.compactMap { state.entries[$0]?.schedule.demandAfterWait(now: now) }
            return answers.first { $0 != .judge } ?? .judge
        }
    }

    // MARK: Fetching

    private func beginWhatIsDue() {
        let now = SteadyTime.now()
        let (begun, late) = state.withLock { state -> ([KeyAddress], [Waiter]) in
            guard state.shared != nil else { return ([], []) }
            var begun: [KeyAddress] = []
            for issuer in state.entries.keys where state.entries[issuer]?.schedule.begins(now: now) == true {
                if let address = state.entries[issuer]?.address { begun.append(address) }
            }
            defer { state.waiters.removeAll { $0.deadline <= now } }
            return (begun, state.waiters.filter { $0.deadline <= now })
        }
        for address in begun { Task { await fetch(address) } }
        for waiter in late { waiter.settled() }
    }

    private func fetch(_ address: KeyAddress) async {
        do {
            take(try await address.fetch(), from: address)
        } catch {
            note(error, from: address)
        }
    }

    /// The end of a fetch: what to log, and which requests have waited for it.
    private struct End<Change> {
        let shared: SharedState
        let entry: KeyEntry
        let change: Change
        let waiters: [Waiter]
    }

    /// Records the end of a fetch, and removes the requests that waited for it alone, under one lock: a request that
    /// arrives now waits for the next fetch. Nil if a reload has removed the issuer, or the relay has stopped.
    ///
    /// The fetched keys are put in force under the same lock, so that no request sees the fetch ended and its keys
    /// unknown.
    private func end<Change>(
        _ address: KeyAddress, puttingInForce keys: PublicKeys? = nil, _ change: (inout KeyEntry) -> Change
    ) -> End<Change>? {
        state.withLock { state in
            guard let shared = state.shared, var entry = state.entries[address.issuer], entry.address == address
            else { return nil }
            let value = change(&entry)
            state.entries[address.issuer] = entry
            if let keys { shared.replaceRules { $0.replacingKeys(of: address.issuer, with: keys) } }
            for index in state.waiters.indices { state.waiters[index].issuers.remove(address.issuer) }
            defer { state.waiters.removeAll(where: \.issuers.isEmpty) }
            return End(
                shared: shared, entry: entry, change: value, waiters: state.waiters.filter(\.issuers.isEmpty))
        }
    }

    private func take(_ set: KeyAddress.KeySet, from address: KeyAddress) {
        let now = SteadyTime.now()
        guard let end = end(address, puttingInForce: set.keys, { $0.succeeded(set, now: now) }) else { return }
        let shared = end.shared
        for waiter in end.waiters { waiter.settled() }
        shared.metrics.count(.ok, of: address.issuer)
        if end.change.isNew {
            let ignored = set.keys.ignored.isEmpty ? "" : "; left aside: \(set.keys.ignored.joined(separator: "; "))"
            shared.log.info("the issuer \(address.issuer) has \(set.keys.count) keys\(ignored)")
            do { try end.entry.kept.write(set.text) } catch {
                shared.log.warning("the keys of the issuer \(address.issuer) could not be kept: \(error)")
            }
        } else if end.change.hadFailed {
            shared.log.info("the keys of the issuer \(address.issuer) can be fetched again")
        }
    }

    private func note(_ failure: KeyAddress.Failure, from address: KeyAddress) {
        let now = SteadyTime.now()
        guard let end = end(address, { $0.failed(failure, now: now) }) else { return }
        for waiter in end.waiters { waiter.settled() }
        end.shared.metrics.count(failure.outcome, of: address.issuer)
        guard end.change else { return }
        let hasKeys = end.entry.schedule.hasKeys
        let rest = hasKeys ? "the last keys stay" : "its tokens are answered 503 until there are keys"
        end.shared.log.warning(
            """
            the keys of the issuer \(address.issuer) could not be fetched from \(address.address.shown): \
            \(failure.problem); \(rest)
            """)
    }
}
