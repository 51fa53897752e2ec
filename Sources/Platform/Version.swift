/// The version of roomwire.
public enum Version {
    /// Three numbers (https://semver.org).
    public static let text = "0.1.0"
}
