internal import Access
internal import Events
internal import Platform
internal import Wire

/// Counts one answer against ``AnswerCaps`` as long as this object exists: until the socket has accepted the answer or
/// the client has closed the connection.
final class ServedAnswer {
    private let caps: Locked<AnswerCaps>
    private let reader: Principal?
    private var bytes = 0
    private var isCounted = false

    /// Nothing is counted yet.
    /// - Parameter reader: the answer's user; nil for a request without a token.
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

    /// Counts the answer for its user.
    /// - Returns: false, with nothing counted, if the user has as many answers as allowed.
    func begin() -> Bool {
        guard let reader, !isCounted else { return true }
        isCounted = caps.withLock { caps in
            guard caps.admits(reader) else { return false }
            caps.begin(of: reader)
            return true
        }
        return isCounted
    }

    /// True if its user may have one more. Counts nothing.
    var isAdmitted: Bool { reader.map { reader in caps.withLock { $0.admits(reader) } } ?? true }

    /// Counts the answer for its user, even beyond the bound.
    func beginInAnyCase() {
        guard let reader, !isCounted else { return }
        isCounted = true
        caps.withLock { $0.begin(of: reader) }
    }

    /// Counts `count` more bytes.
    /// - Returns: false, with nothing counted, if all answers together would exceed the bound.
    func grow(by count: Int) -> Bool {
        let isTaken = caps.withLock { $0.reserve(count, isKnown: reader != nil) }
        if isTaken { bytes += count }
        return isTaken
    }

    /// Corrects the count to `count` bytes, the real size of the answer.
    /// - Returns: false if all answers together would exceed the bound.
    func setBytes(to count: Int) -> Bool {
        if count > bytes { return grow(by: count - bytes) }
        caps.withLock { $0.release(bytes - count) }
        bytes = count
        return true
    }
}
