internal import ArgumentParser
internal import EventLoop
internal import Events
internal import Foundation
internal import Webhooks

/// The flags that say which server is loaded, and how.
struct ServerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A roomwire: streams and webhooks are at their usual paths below.", valueName: "url"))
    var url = "http://127.0.0.1:3001"

    @Option(help: ArgumentHelp("Where to subscribe, on any other server.", valueName: "url"))
    var subscribeURL: String?

    @Option(help: ArgumentHelp("Where to publish, on any other server.", valueName: "url"))
    var publishURL: String?

    @Option(
        help: ArgumentHelp(
            "What to publish there; {marker} stands for what each event is known by. Default: webhooks as LiveKit's.",
            valueName: "text"))
    var publishBody: String?

    @Option(help: ArgumentHelp("A header of what is published; may be given several times.", valueName: "name: value"))
    var publishHeader: [String] = []

    @Option(help: ArgumentHelp("A header of subscriptions; may be given several times.", valueName: "name: value"))
    var header: [String] = []

    @Option(help: ArgumentHelp("The source to publish as, on a roomwire.", valueName: "name"))
    var source = "livekit"

    @Option(help: ArgumentHelp("The API key to sign with. Default: LIVEKIT_API_KEY.", valueName: "key"))
    var livekitKey: String?

    @Option(help: ArgumentHelp("Its secret. Default: LIVEKIT_API_SECRET.", valueName: "secret"))
    var livekitSecret: String?

    @Option(
        help: ArgumentHelp(
            "Mint a token for each stream, a user each, with this secret. Default: ROOMWIRE_TOKEN_SECRET.",
            valueName: "secret"))
    var tokenSecret: String?

    @Option(help: ArgumentHelp("One token for all streams, instead.", valueName: "token"))
    var token: String?

    @Option(
        help: ArgumentHelp("A process of the server, to be measured; may be given several times.", valueName: "pid"))
    var serverPid: [Int32] = []

    /// The processes to measure.
    var meter: ProcessMeter { ProcessMeter(processes: serverPid) }

    func validate() throws {
        for line in header + publishHeader where Self.pair(line) == nil {
            throw ValidationError("A header is a name, a colon and a value: \(line)")
        }
    }

    /// What streams are opened with.
    func streamTarget(count: Int, addresses: Int) throws -> StreamTarget {
        StreamTarget(
            endpoint: try Self.endpoint(subscribeURL ?? url + "/api/events"), addresses: addresses,
            headers: header.compactMap(Self.pair), tokens: tokens(count))
    }

    private func tokens(_ count: Int) -> [String] {
        if let token { return [token] }
        guard subscribeURL == nil || tokenSecret != nil,
            let secret = tokenSecret ?? Self.environment["ROOMWIRE_TOKEN_SECRET"]
        else { return [] }
        return StreamTokens.mint(count, secret: secret, now: System.wallMilliseconds())
    }

    /// Where events are published.
    func publishEndpoint() throws -> Endpoint {
        try Self.endpoint(publishURL ?? url + "/api/webhooks/" + source)
    }

    /// How events are published.
    func publication() throws -> Publication {
        if let publishBody {
            guard publishBody.contains("{marker}") else { throw ValidationError("--publish-body lacks its {marker}.") }
            return .template(body: publishBody, headers: publishHeader.compactMap(Self.pair))
        }
        guard let key = livekitKey ?? Self.environment["LIVEKIT_API_KEY"],
            let secret = livekitSecret ?? Self.environment["LIVEKIT_API_SECRET"],
            let livekit = Providers.named("livekit")
        else { throw ValidationError("--livekit-key and --livekit-secret, which sign webhooks, are not given.") }
        return .livekit(try livekit.init(settings: ProviderSettings(source: source, keys: [key: secret])))
    }

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    private static func endpoint(_ url: String) throws -> Endpoint {
        guard let endpoint = Endpoint(url) else {
            throw ValidationError("This is no http: URL of a host that has an IPv4 address: \(url)")
        }
        return endpoint
    }

    private static func pair(_ line: String) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
        return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
    }
}

/// The flags that every scenario has.
struct LoadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many streams to open.", valueName: "count"))
    var streams = 1000

    @Option(help: ArgumentHelp("How many of them may be on their way at a time.", valueName: "count"))
    var connecting = 64

    @Option(help: ArgumentHelp("From how many addresses 127.0.0.x to come, if the server is here.", valueName: "count"))
    var addresses = 8

    @Option(help: ArgumentHelp("How long to wait for streams to open, and for events.", valueName: "seconds"))
    var timeout: Double = 60

    @Option(help: ArgumentHelp("A name for the server in reports and comparisons.", valueName: "name"))
    var label = "server"

    @Flag(help: "Print the report as one line of JSON.")
    var json = false

    func validate() throws {
        guard streams >= 1, connecting >= 1, timeout > 0 else {
            throw ValidationError("--streams, --connecting and --timeout should be more than 0.")
        }
        guard 0...250 ~= addresses else { throw ValidationError("--addresses should be between 0 and 250.") }
    }
}
