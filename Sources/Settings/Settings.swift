package import Access
package import Logging

/// Everything an operator can choose, with defaults that work when nothing is chosen.
///
/// Settings come from one YAML file, the environment and flags, in this order, the later winning: see
/// ``load(file:environment:overrides:)``. Times are in milliseconds and sizes in bytes; names say so.
package struct Settings: Sendable, Equatable {
    /// Where to accept connections.
    package var listen = [ListenAddress(host: "127.0.0.1", port: 3001)]
    /// Where `/metrics` and `/readyz` are, if not on the addresses of ``listen``.
    package var metrics: ListenAddress?
    /// What the addresses over TLS show their clients.
    package var tls = TLSSettings()
    /// The folder for the log and for generated secrets. Made when it is missing.
    package var data: String
    /// What every path of the API begins with, without a slash at the end.
    package var pathPrefix = "/api"
    /// Whether browsers are shown the dashboard at `/`.
    package var dashboard = true
    /// The log of events.
    package var log = LogSettings()
    /// The rooms that are open.
    package var rooms = RoomSettings()
    /// Who may post webhooks, in the order of the file.
    package var sources: [SourceSettings] = []
    /// Whose tokens open streams.
    package var tokens = TokenSettingsFile()
    /// What a stream is like, and how many there may be.
    package var streams = StreamSettings()
    /// What memberships may take.
    package var presence = MemberSettings()
    /// Which pages of other origins may read.
    package var cors = CORSSettings()
    /// Which proxies stand before the relay.
    package var proxy = ProxySettings()
    /// What is kept of refused webhooks.
    package var rejects = RejectSettings()
    /// What requests may take of the process.
    package var limits = LimitSettings()
    /// Event loops, each on a thread of its own.
    package var loops: Int
    /// How long streams may take to move elsewhere when the relay stops.
    package var drainMilliseconds = 20_000
    /// The least severe message that the operator's log shows.
    package var logLevel = Logger.Level.info
    /// How the operator's log is written.
    package var logFormat = LogFormat.auto

    /// Where each setting came from, by its key, for instance `streams.per_user`; what is missing is a default.
    package var origins: [String: SettingsOrigin] = [:]

    /// The defaults.
    /// - Parameter environment: looked up for the user's folders only.
    package init(environment: [String: String]) {
        data = DataFolder.defaultPath(environment: environment)
        loops = ActiveCores.count()
    }

    /// The source of this name.
    package func source(named name: String) -> SourceSettings? {
        sources.first { $0.name == name }
    }
}

/// The files for the addresses over TLS; either none is set or both are.
package struct TLSSettings: Sendable, Equatable {
    /// The path of the certificate in PEM, followed by those that lead to its root.
    package var certificate: String?
    /// The path of its private key in PEM, without a passphrase.
    package var key: String?

    /// None.
    package init() {}
}

/// The log of events: where it lives, how safe a commit is, and how much is kept.
package struct LogSettings: Sendable, Equatable {
    /// Where the log lives.
    package enum Home: String, Sendable, CaseIterable {
        /// A file in the data folder.
        case sqlite
    }

    /// What has reached the disk before a webhook is answered 200.
    package enum Durability: String, Sendable, CaseIterable {
        /// The event itself: it survives a loss of power.
        case full
        /// Left to the system: it survives a crash of the relay, but perhaps not a loss of power.
        case normal
    }

    /// How much of the log is kept; 0 is no bound. Whichever bound is met first counts.
    package struct Retention: Sendable, Equatable {
        /// The age up to which an event is kept.
        package var ageMilliseconds = 24 * 3_600_000
        /// How many events are kept.
        package var events = 1_000_000
        /// How large the log may become.
        package var bytes = 1 << 30

        /// The defaults.
        package init() {}
    }

    /// Where the log lives.
    package var home = Home.sqlite
    /// What is safe when a webhook is answered.
    package var durability = Durability.full
    /// How much is kept.
    package var retention = Retention()

    /// The defaults.
    package init() {}
}

/// The rooms that are open; 0 is no bound.
package struct RoomSettings: Sendable, Equatable {
    /// A room from which nothing was heard for so long is finished.
    package var staleAfterMilliseconds = 24 * 3_600_000
    /// How many rooms are kept.
    package var total = 100_000

    /// The defaults.
    package init() {}
}

/// A named, configured instance of a provider. Its name is the last segment of the webhook's path.
package struct SourceSettings: Sendable, Equatable {
    /// The last segment of the webhook's path.
    package var name: String
    /// The kind of sender, by the name that its file in Webhooks gives it: `livekit`, `daily`, …
    package var provider: String
    /// LiveKit: secrets by API key. Several during a rotation.
    package var keys: [String: String]
    /// Shared secrets, any of which may have signed.
    package var secrets: [String]
    /// Every further setting of the provider by name, for it to judge.
    package var options: [String: String]

    /// A source.
    package init(
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
package struct TokenSettingsFile: Sendable, Equatable {
    /// Own issuers and identity providers.
    package var issuers: [IssuerFile] = []
    /// Whether access tokens signed with the key of a `livekit` source open streams.
    package var livekit = true
    /// Whether events that name a user reach the users of LiveKit's tokens, who may choose their names.
    package var livekitUsers = false
    /// Daily's API keys: meeting tokens that a backend has signed with one of them open streams. With several sources
    /// of Daily each stands behind the name of its source and a colon.
    package var daily: [String] = []
    /// Whether events that name a user reach the users of Daily's tokens.
    package var dailyUsers = false
    /// How far the issuers' clocks may be off.
    package var leewayMilliseconds = 10_000
    /// Whether tokens that never expire are refused.
    package var requireExpiry = true
    /// The longest that keys of a `jwks_url` go without being fetched anew.
    package var jwksRefreshMilliseconds = 15 * 60_000

    /// The defaults.
    package init() {}
}

/// An issuer as the settings file names it: just one of `hs256`, `jwksFile`, `jwksURL` and `publicKeyFiles` is set.
package struct IssuerFile: Sendable, Equatable {
    /// For people: in logs, and to tell issuers apart.
    package var name: String
    /// A shared secret for HMAC-SHA256, at least 32 bytes of UTF-8.
    package var hs256: String?
    /// The path of a JSON Web Key Set.
    package var jwksFile: String?
    /// Where to fetch a JSON Web Key Set.
    package var jwksURL: String?
    /// The path of certificates in PEM that are trusted for `jwksURL` instead of the system's.
    package var jwksCAFile: String?
    /// Paths of public keys in PEM.
    package var publicKeyFiles: [String] = []
    /// What the claim `iss` must be.
    package var issuer: String?
    /// What the claim `aud` must contain.
    package var audience: String?
    /// The only algorithms taken, by their names in JWTs; empty: those that fit the keys.
    package var algorithms: [SignatureAlgorithm] = []
    /// Where to find what, by our word for it: `rooms` might be at `app_metadata.rooms`.
    package var claims: [String: String] = [:]
    /// Stands in for what the tokens do not say about their grant.
    package var defaultGrant: Grant?
    /// Whether events that name a user reach this issuer's users.
    package var users = true
    /// The issuer whose users this one's are, during a change of keys.
    package var sameAs: String?

    /// An issuer of this name without keys yet.
    package init(name: String) {
        self.name = name
    }
}

/// What a stream is like, and how many there may be; of the caps 0 is none.
package struct StreamSettings: Sendable, Equatable {
    /// What happens to a stream over a cap.
    package enum OverCap: String, Sendable, CaseIterable {
        /// The new one is refused.
        case refuse
        /// The new one is taken and the user's oldest is closed.
        case oldest
    }

    /// After this long without anything else to say, a stream says that it is alive.
    package var heartbeatMilliseconds = 15_000
    /// Streams of one user.
    package var perUser = 5
    /// Streams from one address.
    package var perAddress = 0
    /// Streams in all.
    package var total = 15_000
    /// New streams in a second, of all users.
    package var newPerSecond = 0
    /// What happens over the cap per user.
    package var overCap = OverCap.refuse
    /// How long a client waits before it reconnects, give or take the jitter.
    package var retryMilliseconds = 3_000
    /// How old a stream becomes before it is ended, up to a quarter less, so that its client comes back elsewhere; 0 is
    /// no bound.
    package var maxAgeMilliseconds = 0

    /// The defaults.
    package init() {}
}

/// Which pages of other origins may read.
package struct CORSSettings: Sendable, Equatable {
    /// `https://dash.example.com`, `https://*.example.com`, or `*` alone.
    package var origins: [String] = []

    /// The defaults.
    package init() {}
}

/// Which proxies stand before the relay, so that clients count by their own addresses.
package struct ProxySettings: Sendable, Equatable {
    /// Networks whose word on a client's address counts: `127.0.0.1`, `10.0.0.0/8`.
    package var trusted: [String] = []
    /// The header in which they give it; needed beside `trusted`, since each kind of proxy has another.
    package var header = ""

    /// The defaults: nobody is believed.
    package init() {}
}

/// What is kept of refused webhooks.
package struct RejectSettings: Sendable, Equatable {
    /// True to keep the last ones in memory as they arrived, for administrators.
    package var capture = false

    /// The defaults.
    package init() {}
}

/// What requests may take of the process.
package struct LimitSettings: Sendable, Equatable {
    /// The bytes of all requests that are not complete yet.
    package var requestBytes = 256 * 1024 * 1024

    /// The defaults.
    package init() {}
}

/// How the operator's log is written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// Lines for people on a terminal, JSON elsewhere.
    case auto
    /// A line for people.
    case text
    /// A JSON object on each line.
    case json
}
