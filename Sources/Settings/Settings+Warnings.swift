internal import Events
internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import Wire

extension Settings {
    /// What is allowed and seldom meant: one sentence each, without a full stop, with what to do about it.
    ///
    /// It looks at files and limits of this machine as well.
    package func warnings() -> [String] {
        listenWarnings + readableFileWarnings + weakSecretWarnings + capWarnings + keepingWarnings + sourceWarnings
            + dailyKeyWarnings + corsWarnings + clientSourceWarnings
    }

    private var listenWarnings: [String] {
        // Whoever names a proxy has one.
        let open = listen.filter { !$0.isLoopback && !$0.isSecure }
        guard !open.isEmpty, proxy.trusted.isEmpty else { return [] }
        let addresses = open.map(\.description).joined(separator: " and ")
        return [
            "\(addresses) can be reached from other machines without TLS: tokens and events pass in the clear unless "
                + "a proxy before it speaks TLS and nobody else can reach it"
        ]
    }

    private var capWarnings: [String] {
        var warnings: [String] = []
        let files = System.mostOpenFiles()
        let most = max(0, files - Limits.reservedFiles)
        if streams.total == 0 || streams.total > most {
            let wanted = streams.total == 0 ? "no bound" : String(streams.total)
            warnings.append(
                "streams.total is \(wanted), but this process may open only \(files) files, which is enough for "
                    + "\(most) streams: raise the limit (LimitNOFILE= of systemd, ulimit -Hn), or lower streams.total")
        }
        if streams.perUser == 0 {
            warnings.append(
                "streams.per_user is 0: one user, or one page that reconnects wrongly, can take all streams there are")
        }
        if streams.total > 0 && streams.perUser > streams.total {
            warnings.append("streams.per_user is larger than streams.total, so it bounds nothing")
        }
        return warnings
    }

    /// How long a provider may come back with a webhook that was not answered: Daily's for up to 45 minutes.
    private static let retryWindowMilliseconds = 45 * 60_000

    private var keepingWarnings: [String] {
        var warnings: [String] = []
        let age = log.retention.ageMilliseconds
        if age > 0 && age < Self.retryWindowMilliseconds {
            warnings.append(
                "log.retention.age is \(Quantity.text(milliseconds: age)): providers repeat webhooks for up to 45m, "
                    + "and one that comes again after its event is gone becomes a second event")
        }
        if let kind = FileSystem.unreliable(at: data) {
            warnings.append("data is \(data), which lies on \(kind)")
        }
        return warnings
    }

    private var sourceWarnings: [String] {
        guard sources.isEmpty else { return [] }
        return ["no source is set up, so no webhook can come in: set one up under sources, or in the environment"]
    }

    private var clientSourceWarnings: [String] {
        guard source(named: ClientSource.name.string) != nil else { return [] }
        return [
            "a source is named \(ClientSource.name), as the relay's own for what clients do: no client can be a member of "
                + "a room (403 clients_source_taken) until the source has another name"
        ]
    }

    private var corsWarnings: [String] {
        guard cors.origins.contains("*") else { return [] }
        return ["cors.origins is *: a page of any site can read with a token that it has; name the origins instead"]
    }
}

extension ListenAddress {
    /// Whether only this machine can reach it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}

/// What a folder lies on.
enum FileSystem {
    /// What is wrong with keeping a log there, as half a sentence; nil if nothing is known to be.
    static func unreliable(at path: String) -> String? {
        // The folder may still have to be made.
        var folder = path
        while access(folder, F_OK) != 0, let slash = folder.lastIndex(of: "/"), folder != "/" {
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
        return System.fileSystemKind(of: folder).flatMap(meaning)
    }

    /// The kernel's numbers of file systems, from statfs(2) and linux/magic.h.
    static func meaning(of kind: UInt32) -> String? {
        switch kind {
        case 0x0102_1994, 0x8584_58F6:
            "a file system in memory: every event is gone after a restart of the machine or container"
        case 0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x5346_414F, 0x00C3_6400, 0x6B41_4653:
            "a network file system, on which SQLite's locks and write-ahead log cannot be relied on: use a local disk"
        case 0x794C_7630:
            "the container's own layer: every event is gone with the container; mount a volume there"
        default: nil
        }
    }
}
