/// The registry: every provider this build knows.
public enum Providers {
    /// To add a provider, write its file and add its type here.
    public static let all: [any Provider.Type] = []

    /// The provider of this name.
    public static func named(_ name: String) -> (any Provider.Type)? {
        all.first { $0.name == name }
    }
}
