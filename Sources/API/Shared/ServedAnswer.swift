internal import Access
internal import Events
internal import Platform
internal import Wire

/// An answer from its beginning until the socket has taken it or the client has gone: as long as this object is
/// kept, the answer counts against ``AnswerCaps``.
final class ServedAnswer {
    private let caps: Locked<AnswerCaps>
    private let reader: Principal?
    private var bytes = 0
    private var isCounted = false

    /// An answer that nothing was counted for yet.
    /// - Parameter reader: nil for a request without a token.
    init(_ caps: Locked<AnswerCaps>, of reader: Principal?) {
        self.caps = caps
        self.reader = reader
    }

    deinit {
        caps.withLock { caps in
            caps.release(bytes)
            if isCounted, let reader { caps.end(of: reader) }
        }
    }

    /// Counts the answer for its user, if there may be one more.
    func begin() -> Bool {
        guard let reader, !isCounted else { return true }
        isCounted = caps.withLock { caps in
            guard caps.admits(reader) else { return false }
            caps.begin(of: reader)
            return true
        }
        return isCounted
    }

    /// True while its user may have one more, without counting it.
    var isAdmitted: Bool { reader.map { reader in caps.withLock { $0.admits(reader) } } ?? true }

    /// Counts the answer for its user, however many there are.
    func beginInAnyCase() {
        guard let reader, !isCounted else { return }
        isCounted = true
        caps.withLock { $0.begin(of: reader) }
    }

    /// Counts so many bytes more, if all answers together may have them.
    func grow(by count: Int) -> Bool {
        let isTaken = caps.withLock { $0.reserve(count, isKnown: reader != nil) }
        if isTaken { bytes += count }
        return isTaken
    }

    /// Counts so many bytes in place of those so far.
    func settle(at count: Int) -> Bool {
        if count > bytes { return grow(by: count - bytes) }
        caps.withLock { $0.release(bytes - count) }
        bytes = count
        return true
    }
}
