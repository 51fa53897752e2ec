internal import COpenSSL

/// OpenSSL's errors: a queue for each thread, in which whatever went wrong is noted.
enum OpenSSLErrors {
    /// Forgets what is noted, so that what is noted next is about the next call.
    static func forget() { ERR_clear_error() }

    /// The code of the last thing noted, which stays noted; 0 if nothing is.
    static var last: UInt { ERR_peek_last_error() }

    /// The reason of an error as a number that can be compared with OpenSSL's names.
    static func reason(_ code: UInt) -> CInt { ERR_GET_REASON(code) }

    /// OpenSSL's words for an error, for instance `no shared cipher`.
    static func text(_ code: UInt) -> String {
        ERR_reason_error_string(code).map { String(cString: $0) } ?? "an unknown error"
    }

    /// The words for the first thing noted, and nothing is noted any more.
    static func take() -> String {
        defer { ERR_clear_error() }
        return text(ERR_peek_error())
    }
}
