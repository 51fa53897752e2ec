internal import Events
internal import Platform
package import Wire

/// The last refused webhooks, with the reasons: `GET /api/admin/rejects`. If the operator wants it, the last few are kept
/// as they arrived, in memory only.
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
        /// The first digits of the body's SHA-256: the same body has the same digits.
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

        fileprivate func writeMembers(to writer: inout JSONWriter) {
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

    /// A webhook offered for keeping.
    package enum Offer: Sendable {
        /// The capture as JSON.
        case capture([UInt8])
        /// The webhook has more bytes than are kept.
        case tooLarge
        /// The webhook has no source, so that no provider tells which headers matter.
        case unknownSource
    }

    /// What has become of a webhook's capture.
    package enum CaptureState: String, Sendable, CaseIterable {
        /// It can be fetched.
        case kept
        /// The webhook has more bytes than are kept.
        case tooLarge = "too_large"
        /// Newer ones have replaced it, or capturing was switched off.
        case dropped
        /// `rejects.capture` was off.
        case off
        /// The webhook had no source.
        case unknownSource = "unknown_source"
    }

    /// An entry under its number. Numbers count from 1 since the start of the process, so that an entry keeps its own
    /// while newer ones arrive.
    package struct Numbered: Sendable {
        let number: Int
        let entry: Entry
        fileprivate(set) var state: CaptureState
        fileprivate var capture: UndumpedBytes?

        /// Writes it as an object.
        package func write(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("n", Int64(number))
                entry.writeMembers(to: &writer)
                writer.member("capture", state.rawValue)
            }
        }

        fileprivate mutating func dropCapture() {
            guard state == .kept else { return }
            state = .dropped
            capture = nil
        }
    }

    private struct State: Sendable {
        var entries: [Numbered] = []
        var nextNumber = 1
        var captures = false
    }

    private let state = Locked(State())

    /// None yet; captures none.
    package init() {}

    /// Switches capturing on or off. Switched off, all captures are dropped at once.
    package func capture(_ captures: Bool) {
        state.withLock { state in
            state.captures = captures
            guard !captures else { return }
            for index in state.entries.indices { state.entries[index].dropCapture() }
        }
    }

    /// Adds an entry, and removes the oldest if there are too many.
    /// - Parameter offer: called if capturing is on.
    package func add(_ entry: Entry, offer: () -> Offer) {
        // Outside of the lock, because it encodes up to 64 KiB.
        let offered = state.withLock { $0.captures } ? offer() : nil
        let (captureState, bytes) = Self.keep(offered)
        state.withLock { state in
            var numbered = Numbered(number: state.nextNumber, entry: entry, state: captureState, capture: bytes)
            // Capturing may have been switched off meanwhile.
            if !state.captures { numbered.dropCapture() }
            state.nextNumber += 1
            if state.entries.count == Limits.keptRejects { state.entries.removeFirst() }
            state.entries.append(numbered)
            let kept = state.entries.indices.filter { state.entries[$0].state == .kept }
            for index in kept.dropLast(Limits.captures) { state.entries[index].dropCapture() }
        }
    }

    private static func keep(_ offer: Offer?) -> (CaptureState, UndumpedBytes?) {
        switch offer {
        case nil: return (.off, nil)
        case .tooLarge: return (.tooLarge, nil)
        case .unknownSource: return (.unknownSource, nil)
        case .capture(let bytes):
            // Without memory for it the webhook is listed all the same.
            let kept = try? UndumpedBytes(bytes)
            return (kept == nil ? .dropped : .kept, kept)
        }
    }

    /// Newest first.
    package var all: [Numbered] { state.withLock { $0.entries.reversed() } }

    /// The capture of an entry, and what became of it; nil if no entry has this number.
    package func capture(number: Int) -> (state: CaptureState, json: [UInt8]?)? {
        let entry = state.withLock { state in state.entries.last { $0.number == number } }
        return entry.map { ($0.state, $0.capture?.bytes) }
    }
}
