/// Text from outside that is shown to people: on a terminal, or in a log that somebody reads on one.
public enum SafeText {
    /// Text without the characters with which it could steer a terminal, forge a line, or turn its text round: each
    /// is replaced by `substitute`.
    public static func text(_ text: String, substitute: Unicode.Scalar) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isHarmful($0) ? substitute : $0 }))
    }

    /// True for what a terminal or a reader of lines takes as more than text: control characters (DEL and those above
    /// it are valid in JSON), direction marks, and line separators.
    public static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Joiners hold emoji and the letters of some scripts together.
        case .format: scalar != "\u{200C}" && scalar != "\u{200D}"
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
