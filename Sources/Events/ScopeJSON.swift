package import Wire

extension JSONWriter {
    /// A member with the limits of a scope, as `{"rooms":["call_*"]}`. Parts without a limit are left out.
    package mutating func member(_ name: String, _ scope: EventScope, participants: Set<WireText> = []) {
        self.name(name)
        object { writer in
            writer.patterns("rooms", scope.rooms)
            writer.patterns("types", scope.types)
            writer.patterns("sources", scope.sources)
            guard !participants.isEmpty else { return }
            writer.name("participants")
            writer.array { for participant in participants.sorted() { $0.string(participant) } }
        }
    }

    private mutating func patterns(_ name: String, _ set: PatternSet) {
        guard !set.matchesAll else { return }
        self.name(name)
        array { for pattern in set.patterns { $0.string(pattern.text) } }
    }
}
