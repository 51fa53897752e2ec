/// A label of one sample.
package struct MetricLabel: Sendable, Hashable {
    /// The name of a label.
    package struct Name: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// The name on the metrics page.
        package let description: String

        /// A name of letters and underscores.
        package init(stringLiteral value: StaticString) { description = "\(value)" }

        package static let source: Name = "source"
        package static let issuer: Name = "issuer"
        package static let outcome: Name = "outcome"
        package static let reason: Name = "reason"
        package static let status: Name = "status"
        package static let state: Name = "state"
        package static let type: Name = "type"
        package static let loop: Name = "loop"
        package static let version: Name = "version"
        /// The upper bound of a histogram's bucket.
        package static let bound: Name = "le"
    }

    let name: Name
    let value: String

    /// A label with a value from a fixed or configured set: never a room, never a user.
    package init(_ name: Name, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The values of a label, if they are known in advance: every value has its series on the page from the start.
package protocol MetricLabelValue: Sendable, Hashable, CaseIterable {
    /// The label that has this value.
    static var labelName: MetricLabel.Name { get }
    /// The value on the metrics page.
    var label: String { get }
}

extension MetricLabelValue where Self: RawRepresentable<String> {
    /// The raw value.
    package var label: String { rawValue }
}
