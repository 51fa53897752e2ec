/// Which roomwire this is.
public enum Version {
    /// Three numbers (https://semver.org).
    public static let text = "0.1.0"
}
