/// A text with places to be filled in, such as `/events?room={room}`.
struct Template: Codable, Equatable {
    /// What may stand in a template: a name, and what it stands for.
    typealias Values = [(name: String, value: String)]

    /// The text as it was given.
    let text: String

    /// A template of this text.
    init(_ text: String) {
        self.text = text
    }

    /// Whether `{name}` stands in it.
    func has(_ name: String) -> Bool { text.contains("{\(name)}") }

    /// The text with the values in their places. Braces that name none of them stay.
    func filled(_ values: Values) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        return values.reduce(text) { $0.replacing("{\($1.name)}", with: $1.value) }
    }
}

/// A header whose value is a template.
struct HeaderTemplate: Codable, Equatable {
    /// Its name.
    let name: String
    /// Its value.
    let value: Template

    /// Takes `name: value` apart; nil if there is no name.
    init?(_ line: String) {
        guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
        name = String(line[..<colon])
        value = Template(String(line[line.index(after: colon)...].drop { $0 == " " }))
    }
}
