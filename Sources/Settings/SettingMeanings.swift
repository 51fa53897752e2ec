extension Setting {
    /// What the setting is for, as half a sentence for people who read `roomwire check`.
    var meaning: String { Self.meanings[key] ?? "" }

    /// By the settings' keys; a test sees that none is missing.
    static let meanings: [String: String] = [
        "listen": "where connections are accepted",
        "metrics": "an address of their own for /metrics and /readyz",
        "tls.certificate": "the certificate for addresses with https://",
        "tls.key": "its private key",
        "data": "the folder with the log and the generated secrets",
        "path_prefix": "what every path of the API begins with",
        "log.home": "where the log lives",
        "log.durability": "full: what is answered 200 survives a power cut; normal: a crash of the relay",
        "log.retention.age": "events older than this go",
        "log.retention.events": "so many events are kept",
        "log.retention.bytes": "so much is kept",
        "rooms.stale_after": "a room from which nothing was heard for so long is finished",
        "rooms.total": "how many open rooms are kept; events of one more are relayed all the same",
        "tokens.livekit": "whether LiveKit's access tokens open streams",
        "tokens.livekit_users": "whether events with users reach those whom LiveKit's tokens name",
        "tokens.daily": "Daily's API keys, whose meeting tokens open streams",
        "tokens.daily_users": "whether events with users reach those whom Daily's tokens name",
        "tokens.leeway": "how far clocks may be apart before a token is too early or too late",
        "tokens.require_expiry": "whether a token without an end is refused",
        "tokens.jwks_refresh": "how often the keys of issuers with a jwks_url are fetched again",
        "streams.heartbeat": "a sign of life on a stream after so long a silence",
        "streams.per_user": "how many streams one user may have open",
        "streams.per_address": "how many streams may be open from one address",
        "streams.total": "how many streams may be open in all",
        "streams.new_per_second": "how many streams may be opened in a second, by all users",
        "streams.over_cap": "over the cap per user: refuse the new stream, or close the oldest",
        "streams.retry": "about when clients come back after a broken connection",
        "streams.max_age": "how old a stream becomes before its client has to come back",
        "cors.origins": "whose pages may read",
        "proxy.trusted": "the proxies whose word on a client's address counts",
        "proxy.header": "the header in which they give it",
        "limits.request_bytes": "what all unfinished requests may take; over it the largest is refused",
        "loops": "event loops, each on a thread of its own",
        "drain": "how long streams may take to move elsewhere when the relay stops",
        "log_level": "the least that the relay's log shows",
        "log_format": "auto: text on a terminal, JSON elsewhere",
    ]
}
