package import Events
internal import Wire

/// Bounds what answers may take at one time: pages of events and lists of rooms are large, and wait in memory while
/// their clients do not read them.
package struct AnswerCaps: Sendable {
    private let perReader: Int
    private let mostBytes: Int
    private var readers: [Principal: Int] = [:]
    /// Bytes of all answers that are being made or not sent yet.
    package private(set) var bytes = 0

    /// No answers yet.
    /// - Parameters:
    ///   - perReader: answers of one user.
    ///   - bytes: bytes of all answers.
    package init(perReader: Int = Limits.userAnswers, bytes: Int = Limits.unsentAnswerBytes) {
        self.perReader = perReader
        mostBytes = bytes
    }

    /// Answers of `reader` that are being made or not sent yet.
    package func answers(of reader: Principal) -> Int { readers[reader] ?? 0 }

    /// True while there may be one more answer of `reader`.
    package func admits(_ reader: Principal) -> Bool { answers(of: reader) < perReader }

    /// Counts one more answer; ``end(of:)`` takes it back.
    package mutating func begin(of reader: Principal) { readers[reader, default: 0] += 1 }

    /// Forgets an answer.
    package mutating func end(of reader: Principal) {
        guard let count = readers[reader] else { return assertionFailure("ended an answer that was not begun") }
        readers[reader] = count > 1 ? count - 1 : nil
    }

    /// Counts more bytes of an answer, unless all answers together have as many as they may; ``release(_:)`` takes
    /// them back. One answer that is larger than the bound by itself is let through when there is no other.
    /// - Parameter isKnown: whether the request has shown a token; others share half of the bound.
    package mutating func reserve(_ count: Int, isKnown: Bool) -> Bool {
        let most = isKnown ? mostBytes : mostBytes / 2
        guard bytes == 0 || bytes + count <= most else { return false }
        bytes += count
        return true
    }

    /// Forgets bytes that were counted.
    package mutating func release(_ count: Int) {
        assert(count <= bytes, "released more bytes than were counted")
        bytes = max(0, bytes - count)
    }
}
