internal import Wire

/// The door's own look at the request that a connection is sending, before evhttp sees its bytes: the head by
/// ``HeaderScanner``, the framing of a chunked body by ``ChunkScanner``. It does no I/O.
struct RequestCheck {
    private var scanner = HeaderScanner()
    /// Checks the framing of the body, if it is chunked.
    private var chunks: ChunkScanner?
    /// Bytes received of the body.
    private var bodyCame = 0

    /// What follows from bytes that were read.
    enum Verdict {
        /// The next bytes are to be read as well.
        case readOn
        /// The bytes after these need no look: the body has a length, or is over.
        case isDone
        /// The request is refused.
        /// - Parameter bodyBytes: how much of its body, which is too large, to read and drop before the answer.
        case refused(DoorRefusal, bodyBytes: Int)
    }

    var head: RequestHead { scanner.head }

    /// True for a request of HTTP/1.0.
    var isHTTP10: Bool { scanner.isHTTP10 }

    /// True once the head is complete.
    var isInBody: Bool { scanner.isInBody }

    /// True while the head breaks no rule of HTTP.
    var isHeadValid: Bool { scanner.violation == nil }

    /// True while new bytes need a look: of the head, or of a chunked body that is not over.
    var needsBytes: Bool { !scanner.isInBody || chunks?.isAtEnd == false }

    /// True while the body is still to come, as a whole or in part.
    var lacksBody: Bool { isInBody && !(chunks?.isAtEnd ?? (bodyCame >= head.contentLength ?? 0)) }

    /// Begins with the next request.
    mutating func reset() {
        scanner.reset()
        chunks = nil
    }

    /// Counts bytes of the body that arrived.
    mutating func bodyGrew(by count: Int) { bodyCame += count }

    /// Passes over bytes inside a chunk, which need no look.
    /// - Returns: false, without any effect, if some of them are outside of it.
    mutating func skip(_ count: Int) -> Bool {
        guard isInBody, let left = chunks?.dataLeft, count <= left else { return false }
        chunks?.skip(count)
        return true
    }

    /// Reads the next bytes. A chunk's framing may be rewritten in place, so that evhttp reads it as the door did.
    /// - Parameters:
    ///   - waiting: how many bytes wait from the first of these on.
    ///   - door: says how large the body may be; nil if it is closed.
    mutating func read(_ bytes: UnsafeMutableRawBufferPointer, waiting: Int, door: Door?) -> Verdict {
        var read = 0
        if !scanner.isInBody {
            read = scanner.readHead(UnsafeRawBufferPointer(bytes))
            if let violation = scanner.violation {
                return .refused(DoorRefusal(status: 400, problem: violation.rawValue), bodyBytes: 0)
            }
            guard scanner.isInBody else { return .readOn }
            bodyCame = waiting - read
            if let refusal = judgeHead(door) { return refused(refusal, door) }
        }
        guard var chunks else { return .isDone }
        // Without this there would be two references, and each write would copy.
        self.chunks = nil
        let result = chunks.read(UnsafeMutableRawBufferPointer(rebasing: bytes[read...]))
        self.chunks = chunks
        if case .failure(let fault) = result {
            let status = fault.violation == .tooLarge ? 413 : 400
            return refused(DoorRefusal(status: status, problem: fault.violation.rawValue), door)
        }
        return chunks.isAtEnd ? .isDone : .readOn
    }

    /// Decides whether to refuse the request. Its head is complete, and evhttp has not seen the head's end yet.
    private mutating func judgeHead(_ door: Door?) -> DoorRefusal? {
        if let refusal = head.refusal { return refusal }
        guard let door else { return nil }
        let length = head.contentLength ?? 0
        guard head.isChunked || length > door.limits.smallBodyBytes else { return nil }
        let limit = door.mostBodyBytes(of: head)
        if head.isChunked { chunks = ChunkScanner(limit: limit) }
        return length > limit ? DoorRefusal(status: 413, problem: "the body is larger than \(limit) bytes") : nil
    }

    /// Of a body that is too large, as much is read and dropped as is missing; if that is not known, the most that is
    /// allowed. A client that waits for "100 Continue" sends none.
    private func refused(_ refusal: DoorRefusal, _ door: Door?) -> Verdict {
        guard refusal.status == 413, let door else { return .refused(refusal, bodyBytes: 0) }
        guard let length = head.contentLength else {
            return .refused(refusal, bodyBytes: door.limits.droppedBodyBytes)
        }
        return .refused(refusal, bodyBytes: head.expectsContinue ? 0 : length - bodyCame)
    }
}
