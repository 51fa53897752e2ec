package import Wire

// In tests a moment is a number of milliseconds.
extension SteadyTime: ExpressibleByIntegerLiteral {
    /// The moment that many milliseconds after the clock's start.
    package init(integerLiteral value: Int64) { self.init(milliseconds: value) }
}
