internal import Access
internal import Events
internal import Wire

extension Setting {
    /// Every setting of one value or a plain list, in the order in which `check` prints them.
    package static let all: [Setting] = [
        Setting(list: "listen", \.listen, read: ListenAddress.init, show: \.description),
        Setting("metrics", \.metrics, read: metricsAddress, show: { $0?.description ?? "" }),
        Setting("tls.certificate", \.tls.certificate, read: file, show: { $0 ?? "" }),
        Setting("tls.key", \.tls.key, read: file, show: { $0 ?? "" }),
        Setting("data", \.data, read: path, show: { $0 }),
        Setting("path_prefix", \.pathPrefix, read: pathPrefix, show: { $0 }),
        .truth("dashboard", \.dashboard),
        .word("log.home", \.log.home),
        .word("log.durability", \.log.durability),
        .duration("log.retention.age", \.log.retention.ageMilliseconds, 1000...3_650 * day, zeroIsNoBound: true),
        .count("log.retention.events", \.log.retention.events, 1...1_000_000_000_000, zeroIsNoBound: true),
        .size("log.retention.bytes", \.log.retention.bytes, 1 << 20...1 << 50, zeroIsNoBound: true),
        .duration("rooms.stale_after", \.rooms.staleAfterMilliseconds, 1000...3_650 * day, zeroIsNoBound: true),
        .count("rooms.total", \.rooms.total, 1...10_000_000, zeroIsNoBound: true),
        .truth("tokens.livekit", \.tokens.livekit),
        .truth("tokens.livekit_users", \.tokens.livekitUsers),
        Setting(list: "tokens.daily", \.tokens.daily, read: secret, show: { _ in "(hidden)" }),
        .truth("tokens.daily_users", \.tokens.dailyUsers),
        .duration("tokens.leeway", \.tokens.leewayMilliseconds, 0...10 * minute),
        .truth("tokens.require_expiry", \.tokens.requireExpiry),
        .duration("tokens.jwks_refresh", \.tokens.jwksRefreshMilliseconds, 1000...7 * day),
        .duration("streams.heartbeat", \.streams.heartbeatMilliseconds, 100...hour),
        .count("streams.per_user", \.streams.perUser, 1...mostStreams, zeroIsNoBound: true),
        .count("streams.per_address", \.streams.perAddress, 1...mostStreams, zeroIsNoBound: true),
        .count("streams.total", \.streams.total, 1...mostStreams, zeroIsNoBound: true),
        .count("streams.new_per_second", \.streams.newPerSecond, 1...1_000_000, zeroIsNoBound: true),
        .word("streams.over_cap", \.streams.overCap),
        .duration("streams.retry", \.streams.retryMilliseconds, 1...hour),
        .duration("streams.max_age", \.streams.maxAgeMilliseconds, 1000...365 * day, zeroIsNoBound: true),
        .duration("presence.grace", \.presence.graceMilliseconds, 100...hour),
        .count("presence.members_per_room", \.presence.membersPerRoom, 1...1_000_000),
        .count("presence.rooms_per_user", \.presence.roomsPerUser, 1...10_000),
        .count("presence.rooms_per_stream", \.presence.roomsPerStream, 1...64),
        .count("presence.updates_per_second", \.presence.updatesPerSecond, 1...1_000),
        Setting(list: "cors.origins", \.cors.origins, read: OriginSetting.read, show: { $0 }),
        Setting(list: "proxy.trusted", \.proxy.trusted, read: network, show: { $0 }),
        Setting("proxy.header", \.proxy.header, read: headerName, show: { $0 }),
        .truth("rejects.capture", \.rejects.capture),
        .size("limits.request_bytes", \.limits.requestBytes, 4 << 20...1 << 40),
        .count("loops", \.loops, 1...256),
        .duration("drain", \.drainMilliseconds, 0...hour),
        .word("log_level", \.logLevel),
        .word("log_format", \.logFormat),
    ]

    /// By their keys.
    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    private static let minute = 60_000
    private static let hour = 60 * minute
    private static let day = 24 * hour
    private static let mostStreams = 10_000_000

    @Sendable private static func metricsAddress(_ text: String) throws(BadValue) -> ListenAddress? {
        let address = try ListenAddress(text)
        guard !address.isSecure else {
            throw BadValue("the metrics' address is served without TLS: leave https:// out")
        }
        return address
    }

    @Sendable static func path(_ text: String) throws(BadValue) -> String {
        guard !text.isEmpty, !text.utf8.contains(0) else { throw BadValue("a path should stand here") }
        return text
    }

    @Sendable private static func secret(_ text: String) throws(BadValue) -> String {
        guard !text.isEmpty else { throw BadValue("a secret should stand here, and this is empty") }
        return text
    }

    @Sendable private static func file(_ text: String) throws(BadValue) -> String? {
        try path(text)
    }

    @Sendable private static func pathPrefix(_ text: String) throws(BadValue) -> String {
        let prefix = text.hasSuffix("/") ? String(text.dropLast()) : text
        let isPlain = prefix.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"?#%\"<>\\".utf8.contains(byte)
        }
        guard prefix.isEmpty || prefix.hasPrefix("/"), isPlain, !prefix.contains("//") else {
            throw BadValue("should begin with / and be plain segments of a path, as in /api")
        }
        return prefix
    }

    @Sendable private static func network(_ text: String) throws(BadValue) -> String {
        guard NetworkRange(text) != nil else {
            throw BadValue("an address or a network should stand here, as in 127.0.0.1 or 10.0.0.0/8")
        }
        return text
    }

    @Sendable private static func headerName(_ text: String) throws(BadValue) -> String {
        let isToken = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
        }
        guard !text.isEmpty, isToken else {
            throw BadValue("the name of a header should stand here, as in X-Forwarded-For")
        }
        return text
    }
}
