/// Bounds that are no settings. Each name says its unit. Here are those of reading forms of the wire; Events has the
/// rest.
public enum Limits {
    /// How deep a JSON text may nest.
    public static let jsonNestingLevels = 128
    /// A token in a header, cookie or query.
    public static let tokenBytes = 8 * 1024
    /// The longest line of an event stream that a client of ours takes: one that is longer comes from no relay.
    public static let streamLineBytes = 16 * 1024 * 1024
}
