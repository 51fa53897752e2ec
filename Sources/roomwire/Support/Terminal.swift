internal import Glibc

/// Standard output for results, standard error for everything said to people.
enum Terminal {
    /// Colours only where somebody looks at them and has not asked for none (https://no-color.org).
    static func usesColours(environment: [String: String]) -> Bool {
        isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// A line of the result, written at once, so that a pipe's reader sees it at once.
    static func line(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// A line for people.
    static func notice(_ text: String) {
        write(text + "\n", to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR && errno != EAGAIN {
                // Whoever read the output has gone, as `head` does when it has enough.
                exit(descriptor == STDOUT_FILENO ? 0 : 1)
            }
        }
    }

    /// Text from outside without the characters with which it could steer a terminal or turn its text round.
    static func harmless(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            // Joiners hold emoji and the letters of some scripts together.
            case .format where scalar == "\u{200C}" || scalar == "\u{200D}": result.append(scalar)
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
