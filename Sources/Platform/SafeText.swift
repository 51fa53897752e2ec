/// Makes text from outside safe to show on a terminal, or in a log that is read on one.
public enum SafeText {
    /// Replaces by `substitute` each character that could control a terminal, forge a line, or reverse the direction of
    /// text.
    public static func text(_ text: String, substitute: Unicode.Scalar) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isHarmful($0) ? substitute : $0 }))
    }

    /// True for characters that are not plain text to a terminal or a reader of lines: control characters (DEL and
    /// those above it are valid in JSON), direction marks, and line separators.
    public static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Joiners hold emoji and the letters of some scripts together.
        case .format: scalar != "\u{200C}" && scalar != "\u{200D}"
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
