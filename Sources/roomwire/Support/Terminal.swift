internal import Glibc
internal import Platform

/// Standard output for results, standard error for everything said to people.
enum Terminal {
    /// Colours only where somebody looks at them and has not asked for none (https://no-color.org).
    static func usesColours(environment: [String: String]) -> Bool {
        isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// True if standard output is a terminal.
    static var isWatched: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Opens those of the standard descriptors that are closed. Else whatever is opened next takes their numbers, a
    /// socket or the log's file, and gets what is said to people. To be called before anything is opened.
    static func openStandardDescriptors() {
        var descriptor = open("/dev/null", O_RDWR)
        while descriptor >= 0 && descriptor <= STDERR_FILENO { descriptor = open("/dev/null", O_RDWR) }
        if descriptor >= 0 { close(descriptor) }
    }

    /// A line that may be lost: whoever says it goes on, whether or not anybody reads.
    static func announce(_ text: String) {
        _ = write(text + "\n", to: STDOUT_FILENO)
    }

    /// A line of the result, written at once, so that a pipe's reader sees it at once.
    static func line(_ text: String) {
        // Whoever read the output has gone, as `head` does when it has enough.
        guard write(text + "\n", to: STDOUT_FILENO) else { exit(0) }
    }

    /// A line for people.
    static func notice(_ text: String) {
        guard write(text + "\n", to: STDERR_FILENO) else { exit(1) }
    }

    /// - Returns: false if nobody takes it.
    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR && errno != EAGAIN {
                return false
            }
        }
        return true
    }

    /// Text from outside without the characters with which it could steer a terminal or turn its text round.
    static func harmless(_ text: String) -> String { SafeText.text(text, substitute: "\u{FFFD}") }
}
