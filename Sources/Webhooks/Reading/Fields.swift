internal import Events
internal import Wire

/// The members of a loosely typed JSON object. A member that is absent, null or of another type than requested is nil:
/// some providers stop sending after any answer but 200, so a detail must not lead to a refusal.
struct Fields {
    let object: JSONObject

    /// Reads `object`.
    init(_ object: JSONObject) {
        self.object = object
    }

    /// The member, unless it is null.
    func value(_ name: WireText) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// Text that is not empty.
    func text(_ name: WireText) -> WireText? {
        guard let text = object[name]?.string, !text.isEmpty else { return nil }
        return text
    }

    /// Text, or a number as text: senders write ids as either.
    func textOrNumber(_ name: WireText) -> WireText? {
        switch object[name] {
        case .string(let text): text.isEmpty ? nil : text
        case .integer(let integer): "\(integer)"
        case .decimal(let text): WireText(text)
        default: nil
        }
    }

    /// A truth value.
    func bool(_ name: WireText) -> Bool? { object[name]?.bool }

    /// A number in any of its forms: integer, with a fraction, or as text.
    func number(_ name: WireText) -> Double? {
        let number = object[name]?.string.flatMap { Double($0.string) } ?? object[name]?.double
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    /// An integer, from a number or its text.
    func integer(_ name: WireText) -> Int64? {
        object[name]?.integer ?? object[name]?.string.flatMap { Int64($0.string) }
    }

    /// The members of an object.
    func fields(_ name: WireText) -> Fields? { object[name]?.object.map(Fields.init) }

    /// A time in seconds since 1970, in any form of number.
    func time(_ name: WireText) -> WallTime? { WireTime.time(seconds: number(name)) }
}
