package import Events
internal import Wire

extension Grant {
    /// True when everything that a stream with `filter` can receive lies within this grant, so that the stream may
    /// go on under it as it is.
    ///
    /// It errs on the side of no: where what was asked for and what was granted overlap only in part, as `a*` and
    /// `*b` do, one of the two has to be covered whole.
    /// - Parameter showsRaw: whether the stream carries the providers' own bodies.
    package func covers(_ filter: EventFilter, showsRaw: Bool) -> Bool {
        func covers(_ dimension: KeyPath<EventScope, PatternSet>) -> Bool {
            scope[keyPath: dimension].covers(
                filter.requested[keyPath: dimension], within: filter.granted[keyPath: dimension])
        }
        let audience = scope.audienceSources ?? scope.sources
        let granted = filter.granted.audienceSources ?? filter.granted.sources
        return (raw || !showsRaw) && covers(\.rooms) && covers(\.types) && covers(\.sources)
            && audience.covers(filter.requested.sources, within: granted)
    }
}

extension PatternSet {
    /// True when each name that both `left` and `right` match is matched here as well.
    func covers(_ left: PatternSet, within right: PatternSet) -> Bool {
        left.patterns.allSatisfy { left in
            right.patterns.allSatisfy { right in
                guard left.intersects(right) else { return true }
                // An event without a room is admitted by `*` alone, whatever else would match every name.
                if left == .any && right == .any { return matchesAll }
                return patterns.contains { $0.covers(left) || $0.covers(right) }
            }
        }
    }
}

extension Pattern {
    /// True when every name that `other` matches is matched by this one.
    ///
    /// A star in `other` may stand for letters that occur nowhere in this pattern, and only a star can take those: so
    /// it is enough to match the other's text as if it were a name.
    func covers(_ other: Pattern) -> Bool { matches(other.text) }
}
