internal import Events
internal import Platform
internal import Webhooks

/// The last webhooks that were refused, for an operator who asks why: `GET /api/admin/rejects`.
final class RejectLog: Sendable {
    /// One refused webhook, without anything that could be a secret.
    struct Entry: Sendable {
        let time: WallTime
        let source: String
        let provider: String?
        let reason: String
        let detail: String
        let skewSeconds: Double?
        let remoteAddress: String
        let bodyBytes: Int
        /// The first digits of the body's SHA-256: the same body is the same digits.
        let bodyHash: String

        func write(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("time", time: time)
                writer.member("source", source)
                writer.member("provider", provider)
                writer.member("reason", reason)
                writer.member("detail", detail)
                writer.member("skewSeconds", skewSeconds)
                writer.member("remoteAddress", remoteAddress)
                writer.member("bodyBytes", Int64(bodyBytes))
                writer.member("bodyHash", bodyHash)
            }
        }
    }

    private let entries = Locked<[Entry]>([])

    func add(_ entry: Entry) {
        entries.withLock { entries in
            if entries.count == Limits.keptRejects { entries.removeFirst() }
            entries.append(entry)
        }
    }

    /// Newest first.
    var all: [Entry] { entries.withLock { $0.reversed() } }
}
