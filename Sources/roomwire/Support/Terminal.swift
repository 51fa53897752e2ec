internal import Glibc
internal import Platform

/// Standard output for results, standard error for messages to people.
enum Terminal {
    /// True if standard output is a terminal that shows colours, and the user has not switched them off
    /// (https://no-color.org).
    static func usesColours(environment: [String: String]) -> Bool {
        isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// True if standard output is a terminal.
    static var isWatched: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Opens those of the standard descriptors that are closed. Otherwise the next file or socket that is opened gets
    /// their number, and messages to people are written into it. Call it before anything is opened.
    static func openStandardDescriptors() {
        var descriptor = open("/dev/null", O_RDWR)
        while descriptor >= 0 && descriptor <= STDERR_FILENO { descriptor = open("/dev/null", O_RDWR) }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Writes a line to standard output. The process goes on if it cannot be written.
    static func announce(_ text: String) {
        _ = System.writeAll(STDOUT_FILENO, Array((text + "\n").utf8))
    }

    /// Writes a line of the result, at once, so that the reader of a pipe does not wait for it.
    static func line(_ text: String) {
        // The reader has gone, as `head` does when it has enough.
        guard System.writeAll(STDOUT_FILENO, Array((text + "\n").utf8)) else { exit(0) }
    }

    /// Writes a line for people to standard error.
    static func notice(_ text: String) {
        guard System.writeAll(STDERR_FILENO, Array((text + "\n").utf8)) else { exit(1) }
    }

    /// Writes a part of a line to standard error.
    static func part(_ text: String) {
        _ = System.writeAll(STDERR_FILENO, Array(text.utf8))
    }

    /// Text from outside without the characters that could control a terminal or reverse the direction of text.
    static func harmless(_ text: String) -> String { SafeText.text(text, substitute: "\u{FFFD}") }
}
