internal import Events
internal import Platform
package import Wire

/// The last webhooks that were refused, for an operator who asks why: `GET /api/admin/rejects`.
package final class RejectLog: Sendable {
    /// One refused webhook, without anything that could be a secret.
    package struct Entry: Sendable {
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

        /// A webhook that was refused at `time`.
        package init(
            time: WallTime, source: String, provider: String?, reason: String, detail: String, skewSeconds: Double?,
            remoteAddress: String, bodyBytes: Int, bodyHash: String
        ) {
            self.time = time
            self.source = source
            self.provider = provider
            self.reason = reason
            self.detail = detail
            self.skewSeconds = skewSeconds
            self.remoteAddress = remoteAddress
            self.bodyBytes = bodyBytes
            self.bodyHash = bodyHash
        }

        /// Writes it as an object.
        package func write(to writer: inout JSONWriter) {
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

    /// None yet.
    package init() {}

    /// Keeps an entry; the oldest goes when there are too many.
    package func add(_ entry: Entry) {
        entries.withLock { entries in
            if entries.count == Limits.keptRejects { entries.removeFirst() }
            entries.append(entry)
        }
    }

    /// Newest first.
    package var all: [Entry] { entries.withLock { $0.reversed() } }
}
