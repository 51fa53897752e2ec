public import Access
public import Logging

/// Everything an operator can choose, with defaults that work when nothing is chosen.
///
/// Settings come from one YAML file, the environment and flags, in this order, the later winning: see
/// ``load(file:environment:overrides:)``. Times are in milliseconds and sizes in bytes; names say so.
public struct Settings: Sendable, Equatable {
    /// Where to accept connections.
    public var listen = [ListenAddress(host: "127.0.0.1", port: 3001)]
    /// Where `/metrics` and `/readyz` are, if not on the addresses of ``listen``.
    public var metrics: ListenAddress?
    /// What the addresses over TLS show their clients.
    public var tls = TLSSettings()
    /// The folder for the log and for generated secrets. Made when it is missing.
    public var data: String
    /// What every path of the API begins with, without a slash at the end.
    public var pathPrefix = "/api"
    /// The log of events.
    public var log = LogSettings()
    /// The rooms that are open.
    public var rooms = RoomSettings()
    /// Who may post webhooks, in the order of the file.
    public var sources: [SourceSettings] = []
    /// Whose tokens open streams.
    public var tokens = TokenSettingsFile()
    /// What a stream is like, and how many there may be.
    public var streams = StreamSettings()
    /// Which pages of other origins may read.
    public var cors = CORSSettings()
    /// Which proxies stand before the relay.
    public var proxy = ProxySettings()
    /// What requests may take of the process.
    public var limits = LimitSettings()
    /// Event loops, each on a thread of its own.
    public var loops: Int
    /// How long streams may take to move elsewhere when the relay stops.
    public var drainMilliseconds = 20_000
    /// The least severe message that the operator's log shows.
    public var logLevel = Logger.Level.info
    /// How the operator's log is written.
    public var logFormat = LogFormat.auto

    /// Where each setting came from, by its key, for instance `streams.per_user`; what is missing is a default.
    public internal(set) var origins: [String: SettingsOrigin] = [:]

    /// The defaults.
    /// - Parameter environment: looked up for the user's folders only.
    public init(environment: [String: String]) {
        data = DataFolder.defaultPath(environment: environment)
        loops = ActiveCores.count()
    }

    /// The source of this name.
    public func source(named name: String) -> SourceSettings? {
        sources.first { $0.name == name }
    }
}

/// The files for the addresses over TLS; either none is set or both are.
public struct TLSSettings: Sendable, Equatable {
    /// The path of the certificate in PEM, followed by those that lead to its root.
    public var certificate: String?
    /// The path of its private key in PEM, without a passphrase.
    public var key: String?

    /// None.
    public init() {}
}

/// The log of events: where it lives, how safe a commit is, and how much is kept.
public struct LogSettings: Sendable, Equatable {
    /// Where the log lives.
    public enum Home: String, Sendable, CaseIterable {
        /// A file in the data folder.
        case sqlite
    }

    /// What has reached the disk before a webhook is answered 200.
    public enum Durability: String, Sendable, CaseIterable {
        /// The event itself: it survives a loss of power.
        case full
        /// Left to the system: it survives a crash of the relay, but perhaps not a loss of power.
        case normal
    }

    /// How much of the log is kept; 0 is no bound. Whichever bound is met first counts.
    public struct Retention: Sendable, Equatable {
        /// The age up to which an event is kept.
        public var ageMilliseconds = 24 * 3_600_000
        /// How many events are kept.
        public var events = 1_000_000
        /// How large the log may become.
        public var bytes = 1 << 30

        /// The defaults.
        public init() {}
    }

    /// Where the log lives.
    public var home = Home.sqlite
    /// What is safe when a webhook is answered.
    public var durability = Durability.full
    /// How much is kept.
    public var retention = Retention()

    /// The defaults.
    public init() {}
}

/// The rooms that are open; 0 is no bound.
public struct RoomSettings: Sendable, Equatable {
    /// A room from which nothing was heard for so long is finished.
    public var staleAfterMilliseconds = 24 * 3_600_000
    /// How many rooms are kept.
    public var total = 100_000

    /// The defaults.
    public init() {}
}

/// A named, configured instance of a provider. Its name is the last segment of the webhook's path.
public struct SourceSettings: Sendable, Equatable {
    /// The last segment of the webhook's path.
    public var name: String
    /// The kind of sender, by the name that its file in Webhooks gives it: `livekit`, `daily`, …
    public var provider: String
    /// LiveKit: secrets by API key. Several during a rotation.
    public var keys: [String: String]
    /// Shared secrets, any of which may have signed.
    public var secrets: [String]
    /// Every further setting of the provider by name, for it to judge.
    public var options: [String: String]

    /// A source.
    public init(
        name: String, provider: String, keys: [String: String] = [:], secrets: [String] = [],
        options: [String: String] = [:]
    ) {
        self.name = name
        self.provider = provider
        self.keys = keys
        self.secrets = secrets
        self.options = options
    }
}

/// Whose tokens open streams.
public struct TokenSettingsFile: Sendable, Equatable {
    /// Own issuers and identity providers.
    public var issuers: [IssuerFile] = []
    /// Whether access tokens signed with the key of a `livekit` source open streams.
    public var livekit = true
    /// Whether events that name a user reach the users of LiveKit's tokens, who may choose their names.
    public var livekitUsers = false
    /// Daily's API keys: meeting tokens that a backend has signed with one of them open streams. With several sources
    /// of Daily each stands behind the name of its source and a colon.
    public var daily: [String] = []
    /// Whether events that name a user reach the users of Daily's tokens.
    public var dailyUsers = false
    /// How far the issuers' clocks may be off.
    public var leewayMilliseconds = 10_000
    /// Whether tokens that never expire are refused.
    public var requireExpiry = true
    /// The longest that keys of a `jwks_url` go without being fetched anew.
    public var jwksRefreshMilliseconds = 15 * 60_000

    /// The defaults.
    public init() {}
}

/// An issuer as the settings file names it: just one of `hs256`, `jwksFile`, `jwksURL` and `publicKeyFiles` is set.
public struct IssuerFile: Sendable, Equatable {
    /// For people: in logs, and to tell issuers apart.
    public var name: String
    /// A shared secret for HMAC-SHA256, at least 32 bytes of UTF-8.
    public var hs256: String?
    /// The path of a JSON Web Key Set.
    public var jwksFile: String?
    /// Where to fetch a JSON Web Key Set.
    public var jwksURL: String?
    /// The path of certificates in PEM that are trusted for `jwksURL` instead of the system's.
    public var jwksCAFile: String?
    /// Paths of public keys in PEM.
    public var publicKeyFiles: [String] = []
    /// What the claim `iss` must be.
    public var issuer: String?
    /// What the claim `aud` must contain.
    public var audience: String?
    /// The only algorithms taken, by their names in JWTs; empty: those that fit the keys.
    public var algorithms: [SignatureAlgorithm] = []
    /// Where to find what, by our word for it: `rooms` might be at `app_metadata.rooms`.
    public var claims: [String: String] = [:]
    /// Stands in for what the tokens do not say about their grant.
    public var defaultGrant: Grant?
    /// Whether events that name a user reach this issuer's users.
    public var users = true
    /// The issuer whose users this one's are, during a change of keys.
    public var sameAs: String?

    /// An issuer of this name without keys yet.
    public init(name: String) {
        self.name = name
    }
}

/// What a stream is like, and how many there may be; of the caps 0 is none.
public struct StreamSettings: Sendable, Equatable {
    /// What happens to a stream over a cap.
    public enum OverCap: String, Sendable, CaseIterable {
        /// The new one is refused.
        case refuse
        /// The new one is taken and the user's oldest is closed.
        case oldest
    }

    /// After this long without anything else to say, a stream says that it is alive.
    public var heartbeatMilliseconds = 15_000
    /// Streams of one user.
    public var perUser = 5
    /// Streams from one address.
    public var perAddress = 0
    /// Streams in all.
    public var total = 15_000
    /// New streams in a second, of all users.
    public var newPerSecond = 0
    /// What happens over the cap per user.
    public var overCap = OverCap.refuse
    /// How long a client waits before it reconnects, give or take the jitter.
    public var retryMilliseconds = 3_000
    /// How old a stream becomes before it is ended, up to a quarter less, so that its client comes back elsewhere; 0 is
    /// no bound.
    public var maxAgeMilliseconds = 0

    /// The defaults.
    public init() {}
}

/// Which pages of other origins may read.
public struct CORSSettings: Sendable, Equatable {
    /// `https://dash.example.com`, `https://*.example.com`, or `*` alone.
    public var origins: [String] = []

    /// The defaults.
    public init() {}
}

/// Which proxies stand before the relay, so that clients count by their own addresses.
public struct ProxySettings: Sendable, Equatable {
    /// Networks whose word on a client's address counts: `127.0.0.1`, `10.0.0.0/8`.
    public var trusted: [String] = []
    /// The header in which they give it; needed beside `trusted`, since each kind of proxy has another.
    public var header = ""

    /// The defaults: nobody is believed.
    public init() {}
}

/// What requests may take of the process.
public struct LimitSettings: Sendable, Equatable {
    /// The bytes of all requests that are not complete yet.
    public var requestBytes = 256 * 1024 * 1024

    /// The defaults.
    public init() {}
}

/// How the operator's log is written.
public enum LogFormat: String, Sendable, CaseIterable {
    /// Lines for people on a terminal, JSON elsewhere.
    case auto
    /// A line for people.
    case text
    /// A JSON object on each line.
    case json
}
