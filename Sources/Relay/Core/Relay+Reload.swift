internal import API
internal import Access
internal import EventLoop
internal import Events
internal import Fanout
internal import FrontDoor
internal import Journal
internal import Logging
internal import Platform
internal import Settings
internal import Telemetry
internal import Wire

extension Relay {
    /// Reloads run one at a time. If others were asked for meanwhile, one more follows.
    enum ReloadState {
        case idle
        case running
        case runningAndAskedAgain
    }

    /// Reads the settings again and puts them in force. Streams stay open. Invalid settings are refused as a whole: the
    /// log has the reasons, and nothing changes.
    package func reload() {
        let begins = reloading.withLock { state in
            defer { state = state == .idle ? .running : .runningAndAskedAgain }
            return state == .idle
        }
        guard begins else { return }
        repeat {
            reloadOnce()
        } while reloading.withLock { state in
            defer { state = state == .runningAndAskedAgain ? .running : .idle }
            return state == .runningAndAskedAgain
        }
    }

    private func reloadOnce() {
        guard !isStopping else { return }
        service?.isReloading()
        var status = status
        // After `STOPPING=1` the service manager must not receive `READY=1`.
        defer { if !isStopping { service?.ready(status) } }
        do {
            try apply(try loadSettings())
            context.metrics.count(ReloadOutcome.applied)
        } catch {
            context.metrics.count(ReloadOutcome.refused)
            status += "; the last reload was refused, see the log"
            context.log.error("the settings were not reloaded, those before stay in force:")
            for line in "\(error)".split(separator: "\n") { context.log.error("\(line)") }
        }
    }

    /// The status of a running relay, as the service manager shows it.
    var status: String { "listening on \(addresses.joined(separator: ", "))" }

    /// Does everything that can fail first, so that settings are applied completely or not at all.
    private func apply(_ loaded: Settings) throws {
        let old = context.settings
        if let loss = loaded.loss(after: old) { throw RelayError(loss) }
        var settings = try loaded.completed(demo: demo != nil)
        let restarts = settings.keepWhatNeedsRestart(from: old)
        let rules = try Rules(settings)
        let listening = settings.listening(on: inherited)
        // An address needs a restart to change to TLS, but its certificate can change now.
        let identity = context.tls == nil ? nil : try listening.tlsIdentity()
        let caps = try Self.caps(settings, context.log)
        context.output.apply(settings)
        context.declareSeries(settings)
        context.adopt(settings, rules)
        if let identity {
            context.tls?.replace(identity)
            context.log.info("the certificate was read anew")
        }
        context.shared.admission.settings = caps
        context.shared.rejects.capture(settings.rejects.capture)
        context.doors.bodies.set(limitBytes: settings.limits.requestBytes)
        home.keep(Retention(settings.log.retention))
        home.keep(RoomBounds(settings.rooms))
        for mailbox in mailboxes { mailbox.post(.settings(HubSettings(settings.streams))) }
        for key in restarts {
            context.log.warning("\(key) was changed, which takes effect only when the relay is restarted")
        }
        let changes = settings.keysThatDiffer(from: old)
        let nothing = restarts.isEmpty ? "nothing has changed" : "nothing else has changed"
        context.log.info(
            "settings reloaded: \(changes.isEmpty ? nothing : "changed \(changes.joined(separator: ", "))")")
        for warning in (identity?.warnings ?? []) + listening.warnings() { context.log.warning("\(warning)") }
    }
}

extension Settings {
    /// Restores the old values of settings that need a restart.
    /// - Returns: the keys of the settings that were restored.
    mutating func keepWhatNeedsRestart(from old: Settings) -> [String] {
        var keys: [String] = []
        func keep<Value: Equatable>(_ key: String, _ path: WritableKeyPath<Settings, Value>) {
            guard self[keyPath: path] != old[keyPath: path] else { return }
            self[keyPath: path] = old[keyPath: path]
            origins[key] = old.origins[key]
            keys.append(key)
        }
        keep("listen", \.listen)
        keep("metrics", \.metrics)
        keep("data", \.data)
        keep("loops", \.loops)
        keep("log.home", \.log.home)
        keep("log.durability", \.log.durability)
        // The order of a user's streams is known only if it was recorded from the start.
        keep("streams.over_cap", \.streams.overCap)
        return keys
    }

    /// The names of the settings whose values differ from `old`, secrets among them.
    func keysThatDiffer(from old: Settings) -> [String] {
        var keys = Setting.all.filter { $0.show(self) != $0.show(old) }.map(\.key)
        let names = Set(sources.map(\.name)).union(old.sources.map(\.name)).sorted()
        keys += names.filter { source(named: $0) != old.source(named: $0) }.map { "\(SourceReader.key).\($0)" }
        // Only its name: the values are secrets.
        if tokens.daily != old.tokens.daily && !keys.contains("tokens.daily") { keys.append("tokens.daily") }
        if tokens.issuers != old.tokens.issuers { keys.append(IssuerReader.key) }
        return keys
    }
}

extension HubSettings {
    init(_ streams: StreamSettings) {
        self.init(
            heartbeatMilliseconds: Int64(streams.heartbeatMilliseconds),
            retryMilliseconds: Int64(streams.retryMilliseconds),
            maxAgeMilliseconds: streams.maxAgeMilliseconds == 0 ? nil : Int64(streams.maxAgeMilliseconds))
    }
}
