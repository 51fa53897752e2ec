package import Wire

/// Tests write moments as numbers. The program cannot: a number does not say of which clock it is.
extension WallTime: ExpressibleByIntegerLiteral {
    /// The moment this many milliseconds after 1970 began.
    package init(integerLiteral milliseconds: Int64) { self.init(milliseconds: milliseconds) }
}
