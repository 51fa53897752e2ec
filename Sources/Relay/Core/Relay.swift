internal import API
internal import Access
internal import EventLoop
internal import Events
internal import FoundationEssentials
internal import FrontDoor
internal import Journal
internal import Logging
internal import Platform
package import Settings
internal import Telemetry
internal import Wire

/// The relay: settings in, a running service out.
package final class Relay: Sendable {
    let context: RelayContext
    let home: SQLiteHome
    /// Listening sockets from the service manager, which are used instead of the settings' addresses.
    let inherited: [InheritedSocket]
    private let writer: JournalWriter
    private let reader: JournalReader
    let mailboxes: [Mailbox<LoopCommand>]
    private let ends: LoopEnds
    private let watch: Watch
    let service: ServiceManager?
    let demo: Task<Void, Never>?
    /// Reads the settings again, for a reload.
    let loadSettings: @Sendable () throws -> Settings
    let reloading = Locked(ReloadState.idle)
    private let phase = Locked(Phase.running)
    /// The addresses that it listens on: `127.0.0.1:3001`. Instead of port 0 they have the port that the system chose.
    package let addresses: [String]

    private enum Phase {
        case running
        case draining
        case stopped
    }

    /// Starts the relay. It serves when this returns.
    /// - Parameter reload: reads the settings again for ``reload()``; nil if they never change.
    /// - Throws: ``RelayError`` and other errors, each with one sentence as its description.
    package static func start(
        settings given: Settings, demo: Bool, reload: (@Sendable () throws -> Settings)? = nil
    ) async throws -> Relay {
        System.ignoreBrokenPipes()
        // Only this user may read the journal and the secrets, even in a folder that another user has made.
        System.makeNewFilesPrivate()
        // Checked before a secret is read from the folder or written to it.
        _ = try DataFolder(path: given.data).check()
        let settings = try given.completed(demo: demo)
        let inherited = try InheritedSocket.take(environment: ProcessInfo.processInfo.environment)
        let listening = settings.listening(on: inherited)
        if demo && !listening.listen.contains(where: { !$0.isSecure }) {
            throw RelayError("the demo posts its webhooks without TLS: add an address without https:// to listen")
        }
        let identity = try listening.tlsIdentity()
        try DataFolder(path: settings.data).create()
        let folderWarnings = try DataFolder(path: settings.data).check()
        let output = LogOutput(settings)
        Limits.checkRelations()
        let caps = try caps(settings, OperatorLog.logger(output))
        let keys = KeyFetcher()
        let (rules, issuers) = keys.prepare(try Rules(settings), settings)
        let context = RelayContext(
            settings: settings, rules: rules, keys: keys, caps: caps,
            revocations: try RevocationStore(path: "\(settings.data)/\(DataFolder.revocationsFile)"),
            tls: identity.map { TLSTermination($0) }, output: output, keepsQueue: !inherited.isEmpty)
        let home = try SQLiteHome(
            folder: settings.data, durability: settings.log.durability == .full ? .full : .normal,
            retention: Retention(settings.log.retention), rooms: RoomBounds(settings.rooms))
        // The start does not wait for issuers' keys; requests with their tokens do. The fetches begin before the first
        // request can arrive, so that it can wait for them.
        keys.follow(issuers, in: context.shared)
        let relay: Relay
        do {
            relay = try await Relay(
                context: context, home: home, inherited: inherited, demo: demo, reload: reload ?? { given })
        } catch {
            keys.stop()
            throw error
        }
        for warning in try listening.checkTLS() + listening.warnings() + folderWarnings {
            context.log.warning("\(warning)")
        }
        return relay
    }

    private init(
        context: RelayContext, home: SQLiteHome, inherited: [InheritedSocket], demo: Bool,
        reload: @escaping @Sendable () throws -> Settings
    ) async throws {
        let count = context.settings.loops
        let mailboxes = try (0..<count).map { _ in try Mailbox<LoopCommand>() }
        let ends = LoopEnds(count: count)
        let journalLog = context.journalLog
        // Loops start with this state of the journal. The writer, made next, posts every later commit to them.
        let extent = try home.extent()
        let rooms = try home.rooms()
        let writer = try JournalWriter(
            home: home, clock: WallClock.now,
            onCommit: { commit in
                for mailbox in mailboxes { mailbox.post(.committed(commit)) }
                context.roomNotice.note(commit)
                context.reconciler.note(commit)
            },
            onFault: context.journalFailed,
            onClockJump: { journalLog.log(.warning, "\($0)", now: WallClock.now()) })
        context.shared.members.start(rooms, writer: writer, context.settings.presence)
        let reader = try JournalReader(home: home, onFault: context.journalFailed)
        self.context = context
        self.home = home
        self.inherited = inherited
        loadSettings = reload
        self.writer = writer
        self.reader = reader
        self.mailboxes = mailboxes
        self.ends = ends
        let service = ServiceManager(environment: ProcessInfo.processInfo.environment)
        self.service = service
        var listen: [ListenPlan] = []
        do {
            listen =
                inherited.isEmpty
                ? try context.settings.listen.map { try ListenPlan($0) } : inherited.map { ListenPlan($0) }
            if let metrics = context.settings.metrics { listen.append(try ListenPlan(metrics, isForMetrics: true)) }
            for index in 0..<count {
                let plan = LoopPlan(
                    context: context, writer: writer, reader: reader, peers: mailboxes, index: index, count: count,
                    extent: extent, rooms: rooms)
                listen = try await RelayLoopThread.start(plan, listen: listen, ends: ends)
            }
            watch = try Watch(context: context, mailboxes: mailboxes, writer: writer, service: service)
        } catch {
            for mailbox in mailboxes { mailbox.post(.stop) }
            reader.stop()
            writer.stop()
            throw error
        }
        addresses = listen.filter { !$0.isForMetrics }.map(\.text)
        context.reconciler.start(
            home: home, writer: writer, head: extent.head, context.settings, context.shared.rules)
        let open = listen.first { !$0.isSecure && !$0.isForMetrics }
        self.demo = demo ? open.flatMap { Demo.start(context: context, address: $0) } : nil
    }

    /// The caps of the settings, limited by the number of files that this process may open: each stream needs one.
    static func caps(_ settings: Settings, _ log: Logger) throws -> StreamCapSettings {
        let files = System.raiseOpenFileLimit()
        guard files >= Limits.leastOpenFiles else {
            throw RelayError(
                "this process may open only \(files) files, and needs \(Limits.leastOpenFiles) at least: raise the limit "
                    + "(LimitNOFILE= of systemd, ulimit -Hn)")
        }
        var total = settings.streams.total
        let most = max(0, files - Limits.reservedFiles)
        if total == 0 || total > most {
            guard settings.origins["streams.total"] == nil || total == 0 else {
                throw RelayError(
                    "streams.total is \(total), but this process may open only \(files) files; \(most) is the most")
            }
            log.warning("at most \(most) streams can be open: this process may open \(files) files")
            total = most
        }
        return StreamCapSettings(
            perUser: settings.streams.perUser, perAddress: settings.streams.perAddress, total: total,
            newPerSecond: settings.streams.newPerSecond)
    }

    /// Stops in order: ends all streams within the drain time, and commits and answers every accepted webhook. A second
    /// call while the first one drains ends the drain at once.
    package func stop() async {
        let before = phase.withLock { phase in
            defer { if phase == .running { phase = .draining } }
            return phase
        }
        guard before != .stopped else { return }
        demo?.cancel()
        context.keys.stop()
        context.reconciler.stop()
        context.shared.beginDraining()
        if before == .running {
            context.log.info("stopping")
            service?.isStopping()
        }
        let milliseconds = before == .running ? Int64(context.settings.drainMilliseconds) : 0
        for mailbox in mailboxes { mailbox.post(.drain(milliseconds: milliseconds)) }
        await ends.wait()
        let isFirst = phase.withLock { phase in
            defer { phase = .stopped }
            return phase != .stopped
        }
        guard isFirst else { return }
        watch.stop()
        reader.stop()
        writer.stop()
        context.reportAcceptedWebhooks(isLast: true)
        context.log.info("stopped")
        context.output.writer.flush()
        ends.finish()
    }

    /// True once ``stop()`` was called.
    var isStopping: Bool { phase.withLock { $0 != .running } }

    /// Returns when the relay has stopped.
    package func waitUntilStopped() async {
        await ends.waitUntilFinished()
    }
}

extension RoomBounds {
    init(_ settings: RoomSettings) {
        self.init(
            staleAfterMilliseconds: settings.staleAfterMilliseconds > 0 ? Int64(settings.staleAfterMilliseconds) : nil,
            rooms: settings.total > 0 ? settings.total : nil)
    }
}

extension Retention {
    init(_ settings: LogSettings.Retention) {
        self.init(
            ageMilliseconds: settings.ageMilliseconds > 0 ? Int64(settings.ageMilliseconds) : nil,
            events: settings.events > 0 ? settings.events : nil, bytes: settings.bytes > 0 ? settings.bytes : nil)
    }
}
