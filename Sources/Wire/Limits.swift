/// Bounds that are not settings. Each name includes its unit. The bounds here are those of parsing the wire's formats;
/// Events has the others.
public enum Limits {
    /// The most levels of nesting in a JSON text.
    public static let jsonNestingLevels = 128
    /// The most bytes of a token in a header, cookie or query.
    public static let tokenBytes = 8 * 1024
    /// The longest line of an event stream that the `roomwire` client commands accept. No relay sends a longer one.
    public static let streamLineBytes = 16 * 1024 * 1024
}
