package import Events
package import Wire

/// What `identity` receives of what was asked for, or 403 if the grant covers nothing of it.
///
/// Asking for all rooms is never refused for the rooms: a grant without any still receives the events that name
/// the user, if its issuer's users can be named. Asking for rooms by name is, so that a mistyped name or a wrong token
/// shows at once.
/// - Parameters:
///   - requested: what the request asks for; it narrows the grant and never widens it.
///   - participants: identities of participants; empty for no such limit.
package func effectiveFilter(
    for identity: Identity, requested: EventScope, participants: Set<WireText> = []
) throws(AccessRefusal) -> EventFilter {
    let granted = identity.grant.scope
    func check(_ wanted: PatternSet, _ covered: PatternSet, _ what: String) throws(AccessRefusal) {
        guard !wanted.intersects(covered) else { return }
        throw AccessRefusal(
            .grantCoversNothing, "The token's grant covers none of the \(what) asked for.",
            issuer: identity.issuer.string)
    }
    guard !granted.rooms.patterns.isEmpty || identity.isAddressable else {
        throw AccessRefusal(
            .grantCoversNothing,
            "The token's grant has no rooms, and its issuer's users receive no events by name: nothing is left.",
            issuer: identity.issuer.string)
    }
    if !requested.rooms.matchesAll { try check(requested.rooms, granted.rooms, "rooms") }
    try check(requested.types, granted.types, "types")
    try check(requested.sources, granted.sources, "sources")
    return EventFilter(granted: granted, requested: requested, participants: participants)
}

extension PatternSet {
    /// True when some name matches both sets.
    func intersects(_ other: PatternSet) -> Bool {
        patterns.contains { pattern in other.patterns.contains(where: pattern.intersects) }
    }
}

extension Pattern {
    /// True when some name matches both patterns.
    ///
    /// Two patterns that both have a star need only agree on what stands before their first star and after their
    /// last: the longer beginning, then everything between the stars of the one, then of the other, then the longer
    /// end is a name that both match. So this is as cheap as two comparisons, however hostile the patterns.
    func intersects(_ other: Pattern) -> Bool {
        if isExact { return other.matches(text) }
        if other.isExact { return matches(other.text) }
        let star = UInt8(ascii: "*")
        func agree(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
            for (left, right) in zip(left, right) {
                if left == star || right == star { return true }
                if left != right { return false }
            }
            return true
        }
        return agree(text.utf8, other.text.utf8) && agree(text.utf8.reversed(), other.text.utf8.reversed())
    }
}
