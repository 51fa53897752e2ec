import Access
import Crypto
import EventLoop
import Events
import Fanout
import Foundation
import FrontDoor
import Journal
import Logging
import Platform
import Telemetry
import TestSupport
import Testing
import Webhooks
import Wire

@testable import API

/// The way into the loop of a test: messages wait until the test has them read.
final class TestPort: LoopPort {
    private let messages = NSCondition()
    nonisolated(unsafe) private var waiting: [LoopMessage] = []
    nonisolated(unsafe) private var isClosed = false

    func post(_ message: LoopMessage) -> Bool {
        messages.withLock {
            guard !isClosed else { return false }
            waiting.append(message)
            messages.signal()
            return true
        }
    }

    /// Refuses messages from now on, as a loop that has ended.
    func close() { messages.withLock { isClosed = true } }

    /// The messages that wait, at once.
    func take() -> [LoopMessage] {
        messages.withLock {
            defer { waiting = [] }
            return waiting
        }
    }

    /// Waits for a message of another thread.
    func wait() -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        return messages.withLock {
            while waiting.isEmpty, messages.wait(until: deadline) {}
            return !waiting.isEmpty
        }
    }
}

/// The double of what fetches keys.
final class TestKeys: KeyDemand {
    private struct State {
        var answers: [KeyAnswer?] = []
        var afterWait = KeyAnswer.judge
        var settled: [@Sendable () -> Void] = []
    }

    private let state = Locked(State())

    /// What requests are answered, one after the other.
    var answers: [KeyAnswer?] {
        get { state.withLock { $0.answers } }
        set { state.withLock { $0.answers = newValue } }
    }

    var afterWait: KeyAnswer {
        get { state.withLock { $0.afterWait } }
        set { state.withLock { $0.afterWait = newValue } }
    }

    func demand(of issuers: [String], under rules: Rules, settled: @escaping @Sendable () -> Void) -> KeyAnswer? {
        state.withLock { state in
            let answer = state.answers.isEmpty ? .judge : state.answers.removeFirst()
            if answer == .wait { state.settled.append(settled) }
            return answer
        }
    }

    func demandAfterWait(of issuers: [String]) -> KeyAnswer { state.withLock { $0.afterWait } }

    /// The fetch is over.
    func settle() {
        let settled = state.withLock { state in
            defer { state.settled = [] }
            return state.settled
        }
        for settled in settled { settled() }
    }
}

/// What tokens of a stage are made and verified with.
struct StageProps: Sendable {
    static let secret = "a secret of thirty-two bytes, or more"
    static let livekitKeys = ["devkey": "another secret of thirty-two bytes, or more"]
    static let webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    let verifier: TokenVerifier
    let minter: TokenMinter

    /// - Parameters:
    ///   - issuer: what the tokens' `iss` must be; nil for anything.
    ///   - audience: what the tokens' `aud` must name; nil if they may name none.
    init(awaitsKeys: Bool = false, issuer: String? = nil, audience: String? = nil) throws {
        var own = IssuerSettings(name: "own", hs256: Self.secret)
        own.issuer = issuer
        own.audience = audience
        verifier = try TokenVerifier(
            TokenSettings(issuers: [awaitsKeys ? IssuerSettings(name: "idp", awaitsKeys: true) : own]))
        minter = try TokenMinter(secret: Self.secret)
    }

    /// A token of these JSON texts, signed by the issuer `own`.
    func forged(_ claims: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#) -> WireText {
        let signed = Base64.url.text(Array(header.utf8)) + "." + Base64.url.text(Array(claims.utf8))
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(signed.utf8), using: SymmetricKey(data: Array(Self.secret.utf8)))
        return WireText(signed + "." + Base64.url.text(Array(code)))
    }

    /// A token that ends in an hour.
    func token(
        _ user: WireText = "ada", rooms: PatternSet = .all, admin: Bool = false, presence: Bool = false,
        publish: PatternSet = .none,
        id: WireText? = nil, ttlSeconds: Int64 = 3600
    ) -> WireText {
        WireText(
            minter.mint(
                user: user, scope: EventScope(rooms: rooms), admin: admin, presence: presence, publish: publish,
                ttlSeconds: ttlSeconds, now: WallClock.now(), tokenID: id))
    }
}

/// The API of one loop without sockets and files of its own: requests come from ``TestExchange``, messages from
/// ``TestPort``.
final class APIStage: LoopTurns {
    let props: StageProps
    let loop: Loop
    let shared: SharedState
    let hub: Hub
    let journal = TestJournal()
    let port = TestPort()
    let keys = TestKeys()
    let writer: JournalWriter
    let reader: JournalReader
    private(set) var api: LoopAPI?
    /// The loops beside this one, which read no message.
    let silentLoops: [TestPort]
    /// Where the revocations are kept.
    let folder: TemporaryFolder
    private let commits = Locked<[Commit]>([])
    /// Whether the loop was asked to come back.
    private(set) var isTurnAsked = false
    private let readiness = Locked(true)
    var isReady: Bool {
        get { readiness.withLock { $0 } }
        set { readiness.withLock { $0 = newValue } }
    }

    /// - Parameters:
    ///   - caps: of streams.
    ///   - rooms: open ones.
    ///   - origins: whose pages may read answers.
    ///   - silentLoops: how many other loops there are, none of which answers.
    init(
        _ props: StageProps, caps: StreamCapSettings = StreamCapSettings(), replacesOldest: Bool = false,
        rooms: [RoomState] = [], origins: [String] = [], metricsHaveOwnAddress: Bool = false,
        showsDashboard: Bool = true, silentLoops: Int = 0, members: MemberSettings = MemberSettings(),
        publish: PublishSettings = PublishSettings(),
        source name: String = "app"
    ) throws {
        self.props = props
        loop = try Loop()
        folder = try TemporaryFolder()
        self.silentLoops = (0..<silentLoops).map { _ in TestPort() }
        let rules = Rules(
            pathPrefix: "/api", sources: try Self.sources(named: name), verifier: props.verifier,
            origins: try AllowedOrigins(origins),
            hasOrigins: !origins.isEmpty, proxies: TrustedProxies(networks: [], header: "x-forwarded-for"),
            metricsHaveOwnAddress: metricsHaveOwnAddress, heartbeatMilliseconds: 15_000,
            showsDashboard: showsDashboard, members: members, publish: publish)
        shared = SharedState(
            rules: rules, keys: keys, admission: StreamAdmission(caps, replacesOldest: replacesOldest),
            revocations: try RevocationStore(path: "\(folder.path)/revocations.json"), metrics: Metrics(),
            output: LogOutput(level: .critical, isJSON: false))
        let now = WallClock.now()
        hub = Hub(
            settings: HubSettings(), extent: JournalExtent(trimmedThrough: .zero, head: .zero),
            now: SteadyTime.now(), wallNow: now)
        let commits = commits
        writer = try JournalWriter(
            home: journal, clock: WallClock.now,
            onCommit: { commit in commits.withLock { $0.append(commit) } })
        reader = try JournalReader(home: journal)
        shared.members.start(rooms, writer: writer, members)
        hub.writeDirectly = { OutletResult(System.write($0, $1)) }
        api = LoopAPI(
            LoopAPI.Parts(
                shared: shared, loop: loop, turns: self, hub: hub, rooms: rooms, writer: writer, reader: reader,
                port: port, loops: [port] + self.silentLoops,
                operating: OperatingPages(
                    readiness: { [readiness] in (readiness.withLock { $0 }, Array("{}".utf8)) },
                    metrics: { _ in Array("roomwire_ready 1\n".utf8) }),
                isSecure: false))
        hub.readPage = { [unowned self] cursor in
            let page = try? journal.page(after: cursor, events: 100, bytes: 1 << 20)
            pages.append((page, cursor))
        }
    }

    private static func sources(named name: String) throws -> [Source] {
        let standard = try #require(Providers.named("standard"))
        let livekit = try #require(Providers.named("livekit"))
        return [
            Source(
                name: name, providerName: "standard",
                provider: try standard.init(
                    settings: ProviderSettings(source: WireText(name), secrets: [StageProps.webhookSecret]))),
            Source(
                name: "calls", providerName: "livekit",
                provider: try livekit.init(settings: ProviderSettings(source: "calls", keys: StageProps.livekitKeys))),
        ]
    }

    private var pages: [(JournalPage?, EventID)] = []

    deinit {
        api?.close()
        reader.stop()
        writer.stop()
    }

    func begin() { hub.setTime(steady: SteadyTime.now(), wall: WallClock.now()) }

    func schedule() { isTurnAsked = true }

    // MARK: Requests

    /// Sends a request, and has this thread's messages read.
    /// - Parameter works: false to leave the messages, and what takes several turns, for ``work()``.
    @discardableResult
    func send(
        _ method: String, _ target: String, token: WireText? = nil,
        headers: [(name: WireText, value: WireText)] = [], body: [UInt8] = [], operating: Bool = false,
        works: Bool = true,
        _ prepare: (TestExchange) -> Void = { _ in }
    ) throws -> TestExchange {
        var headers = headers
        if let token { headers.append(("authorization", "Bearer \(token)")) }
        let request = try #require(
            HTTPRequest(
                method: method, target: Array(target.utf8), headers: headers, body: body,
                remoteAddress: "192.0.2.1", nameBytes: Limits.segmentBytes))
        let exchange = TestExchange(request, on: loop)
        prepare(exchange)
        begin()
        if operating { api?.receiveOperating(exchange) } else { api?.receive(exchange) }
        if works { work() }
        return exchange
    }

    /// Has messages read until none is left, the pages brought that the hub has asked for, and searches done.
    func work() {
        while true {
            let messages = port.take()
            for message in messages { api?.handle(message) }
            let asked = pages
            pages = []
            for (page, cursor) in asked { hub.pageArrived(page, after: cursor) }
            let hasTurn = hub.needsTurn || api?.needsTurn == true
            if hub.needsTurn { hub.runTurn() }
            if api?.needsTurn == true { api?.runTurn { false } }
            if messages.isEmpty && asked.isEmpty && !hasTurn { break }
        }
        api?.answerPages()
    }

    /// Works until `exchange` has its answer, which another thread has to give a part of.
    func workUntilAnswered(_ exchange: TestExchange) throws {
        while !exchange.hasEnded {
            try #require(port.wait(), "no message came")
            work()
        }
    }

    /// Publishes what was committed.
    func publish() {
        let new = commits.withLock { commits in
            defer { commits = [] }
            return commits
        }
        begin()
        for commit in new {
            api?.roomsChanged(commit.rooms)
            hub.publish(commit.events, extent: commit.extent)
        }
        work()
    }

    /// The headers of a webhook.
    /// - Parameter aheadMilliseconds: by how much the clock of the sender is ahead of this one's.
    func signature(
        _ body: [UInt8], id: WireText, of source: WireText = "app", aheadMilliseconds: Int64 = 0
    ) throws -> [(name: WireText, value: WireText)] {
        let source = try #require(shared.rules.sources[source])
        return source.provider.sign(body, idempotencyKey: id, now: WallClock.now() + aheadMilliseconds)
            .map { ($0.name, $0.value) }
    }

    /// Sends a webhook that is in order, and waits for its answer.
    @discardableResult
    func post(_ text: String = #"{"type":"tick","room":"hall"}"#, id: WireText = "1") throws -> TestExchange {
        let body = Array(text.utf8)
        let exchange = try send("POST", "/api/webhooks/app", headers: signature(body, id: id), body: body)
        try workUntilAnswered(exchange)
        publish()
        return exchange
    }
}
