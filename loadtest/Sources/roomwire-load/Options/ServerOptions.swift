internal import ArgumentParser
internal import Foundation
internal import Webhooks
internal import Wire

/// The flags that say which server is loaded, and how.
struct ServerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A roomwire: streams and webhooks are at their usual paths below.", valueName: "url"))
    var url = "http://127.0.0.1:3001"

    @Option(
        help: ArgumentHelp(
            "Where to subscribe, on any other server. {room}, {user} and {n}, the stream's number, are filled in.",
            valueName: "url"))
    var subscribeURL: String?

    @Option(
        help: ArgumentHelp(
            "A header of subscriptions, filled in alike; may be given several times.", valueName: "name: value"))
    var subscribeHeader: [String] = []

    @Option(help: ArgumentHelp("Where to publish, on any other server. Filled in as the body is.", valueName: "url"))
    var publishURL: String?

    @Option(
        help: ArgumentHelp(
            """
            What to publish there. {id} stands for what an event is known by; {room}, {time} in milliseconds since \
            1970 and {n}, its place in its channel, may stand there too. Default: webhooks as LiveKit's, signed.
            """, valueName: "text"))
    var publishBody: String?

    @Option(
        help: ArgumentHelp(
            "A header of what is published, filled in alike; may be given several times.", valueName: "name: value"))
    var publishHeader: [String] = []

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

    @OptionGroup(title: "TLS options") var tls: TLSOptions

    /// The processes to measure.
    var meter: ProcessMeter { ProcessMeter(processes: serverPid) }

    func validate() throws {
        for line in subscribeHeader + publishHeader where HeaderTemplate(line) == nil {
            throw ValidationError("A header is a name, a colon and a value: \(line)")
        }
    }

    /// What streams are opened with.
    /// - Parameter hasRooms: whether streams ask for a room each.
    func streamTarget(addresses: Int, hasRooms: Bool) throws -> StreamTarget.Description {
        let url = Template(subscribeURL ?? url + "/api/events" + (hasRooms ? "?room={room}" : ""))
        _ = try route(url)
        if hasRooms, !url.has(.room), !subscribeHeader.contains(where: { $0.contains("{room}") }) {
            throw ValidationError("Streams ask for rooms here: --subscribe-url lacks its {room}.")
        }
        // Only roomwire is offered a token that was not asked for.
        let secret = tokenSecret ?? (subscribeURL == nil ? Self.environment["ROOMWIRE_TOKEN_SECRET"] : nil)
        return StreamTarget.Description(
            url: url, addresses: addresses, headers: subscribeHeader.compactMap(HeaderTemplate.init), token: token,
            tokenSecret: token == nil ? secret : nil, tls: tls.settings)
    }

    /// Where events are published, and how one gets there.
    func publishRoute() throws -> Route {
        try route(Template(publishURL ?? url + "/api/webhooks/" + source))
    }

    /// How events are published.
    func publication(to endpoint: Endpoint, _ marker: Marker) throws -> Publication {
        if let publishBody {
            let body = Template(publishBody)
            guard body.has(.id) else { throw ValidationError("--publish-body lacks its {id}.") }
            return Publication(
                .template(body), headers: publishHeader.compactMap(HeaderTemplate.init), to: endpoint, marker: marker)
        }
        guard let key = livekitKey ?? Self.environment["LIVEKIT_API_KEY"],
            let secret = livekitSecret ?? Self.environment["LIVEKIT_API_SECRET"]
        else { throw ValidationError("--livekit-key and --livekit-secret, which sign webhooks, are not given.") }
        let signer = try LiveKitSigner(source: WireText(source), key: key, secret: secret)
        return Publication(.livekit(signer), headers: [], to: endpoint, marker: marker)
    }

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    private func route(_ url: Template) throws -> Route {
        guard let endpoint = Endpoint(url) else {
            throw ValidationError("This is no http: or https: URL of a host that has an IPv4 address: \(url.text)")
        }
        do {
            return try Route(to: endpoint, tls.settings)
        } catch {
            throw ValidationError("--ca-file: \(error.description).")
        }
    }
}
