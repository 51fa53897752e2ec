/// The registry: every provider this build knows.
package enum Providers {
    /// To add a provider, write a file with a type that conforms to ``Provider``, and add the type here.
    package static let all: [any Provider.Type] = [
        LiveKit.self, Daily.self, Whereby.self, Standard.self, Supabase.self,
    ]

    /// The provider of this name.
    package static func named(_ name: String) -> (any Provider.Type)? {
        all.first { $0.name == name }
    }
}
