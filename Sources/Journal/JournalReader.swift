/// Reads the log on threads of its own.
public final class JournalReader: Sendable {
    static let threads = 2
}
