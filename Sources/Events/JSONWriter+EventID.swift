package import Wire

extension JSONWriter {
    /// An event's id as text.
    package mutating func id(_ id: EventID) { plainText { $0.appendDigits(id) } }

    /// A member that is an event's id.
    package mutating func member(_ name: String, id: EventID?) {
        guard let id else { return }
        self.name(name)
        self.id(id)
    }

    /// An event's id in the wire's format, without quotes and without a comma before it.
    mutating func appendDigits(_ id: EventID) {
        appendDigits(id.milliseconds)
        raw("-")
        appendDigits(id.sequence)
    }
}
