internal import Wire

// What clients publish.
extension EventShapes {
    /// An event that is not in the journal. It has the envelope of any other but for `id`.
    static let ephemeral = Shape(
        "RoomwireEphemeralEvent", "An event of a client that is not in the log: it is sent once, and never replayed.",
        isOpen: false,
        [
            .must("type", .string, "What happened, in a word of the client's."),
            .must("source", .string, "clients."),
            .must("provider", .string, "clients."),
            .may("room", .string, "The room's name."),
            .must("user", .string, "Who sent it, by the token that was shown."),
            .must("issuer", .string, "Which issuer vouches for the user's name."),
            .must("timestamp", .integer, "When the relay received it, in milliseconds since 1970."),
            .must("receivedAt", .integer, "The same."),
            .must("ephemeral", .always, "Tells it from an event of the log; it has no id, and moves none."),
            .may("addressed", .boolean, "Sent only to the users that it names."),
            .must("data", .any, "What the client told, as it told it."),
        ])
}
