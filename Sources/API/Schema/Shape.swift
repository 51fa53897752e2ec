internal import Events
internal import Wire

/// One kind of object on the wire, as a list of members. The JSON Schema and the TypeScript types are both written
/// from these, so they cannot disagree; a test holds them against what the Swift types write.
struct Shape: Sendable {
    /// What a member's value is.
    indirect enum Kind: Sendable {
        case string
        /// ISO 8601, UTC, with milliseconds.
        case time
        /// An event's id.
        case id
        case number
        case integer
        case boolean
        /// One of these words.
        case words([String])
        /// Another shape, by its name.
        case shape(String)
        case list(Kind)
        /// Text by name.
        case texts
        /// A JSON object with members of any name.
        case object
        /// Any JSON.
        case any
    }

    /// A member: its name, its value, whether it may be missing, and what it is for.
    struct Member: Sendable {
        let name: String
        let kind: Kind
        let isOptional: Bool
        let about: String
    }

    let name: String
    let about: String
    let members: [Member]
    /// Whether other members may stand beside these.
    let isOpen: Bool

    init(_ name: String, _ about: String, isOpen: Bool = true, _ members: [Member]) {
        self.name = name
        self.about = about
        self.members = members
        self.isOpen = isOpen
    }
}

extension Shape.Member {
    static func must(_ name: String, _ kind: Shape.Kind, _ about: String) -> Shape.Member {
        Shape.Member(name: name, kind: kind, isOptional: false, about: about)
    }

    static func may(_ name: String, _ kind: Shape.Kind, _ about: String) -> Shape.Member {
        Shape.Member(name: name, kind: kind, isOptional: true, about: about)
    }
}
