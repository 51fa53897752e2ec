internal import COpenSSL

/// OpenSSL's error queue of the current thread.
enum OpenSSLErrors {
    /// Empties the queue, so that later entries belong to the next call.
    static func clear() { ERR_clear_error() }

    /// The code of the newest entry, which stays in the queue; 0 if the queue is empty.
    static var last: UInt { ERR_peek_last_error() }

    /// The reason of an error, as a number to compare with OpenSSL's constants.
    static func reason(_ code: UInt) -> CInt { ERR_GET_REASON(code) }

    /// OpenSSL's text for an error, for instance `no shared cipher`.
    static func text(_ code: UInt) -> String {
        ERR_reason_error_string(code).map { String(cString: $0) } ?? "an unknown error"
    }

    /// Returns the text of the oldest entry and empties the queue.
    static func takeOldestText() -> String {
        defer { ERR_clear_error() }
        return text(ERR_peek_error())
    }
}
