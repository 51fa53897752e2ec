package import Wire

extension JSONWriter {
    /// A member with what a filter requests, as `{"rooms":["call_*"],"reconciled":false}`. Parts without a limit are
    /// left out.
    package mutating func member(_ name: String, requestedBy filter: EventFilter) {
        self.name(name)
        object { writer in
            writer.members(filter.requested)
            if !filter.participants.isEmpty {
                writer.name("participants")
                writer.array { for participant in filter.participants.sorted() { $0.string(participant) } }
            }
            if let reconciled = filter.reconciled { writer.member("reconciled", reconciled) }
        }
    }

    /// A member with the limits of a scope, as `{"rooms":["call_*"]}`. Parts without a limit are left out.
    package mutating func member(_ name: String, _ scope: EventScope) {
        self.name(name)
        object { $0.members(scope) }
    }

    private mutating func members(_ scope: EventScope) {
        patterns("rooms", scope.rooms)
        patterns("types", scope.types)
        patterns("sources", scope.sources)
    }

    private mutating func patterns(_ name: String, _ set: PatternSet) {
        guard !set.matchesAll else { return }
        self.name(name)
        array { for pattern in set.patterns { $0.string(pattern.text) } }
    }
}
