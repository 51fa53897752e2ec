internal import Events

/// The members of a loosely typed JSON object. What is absent, null or of another kind than asked for is nil: a
/// provider that answers anything but 200 with silence must not be refused over a detail.
struct Fields {
    let object: JSONObject

    /// Reads `object`.
    init(_ object: JSONObject) {
        self.object = object
    }

    /// The member, unless it is null.
    func value(_ name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// Text that is not empty.
    func text(_ name: String) -> String? {
        guard let text = object[name]?.string, !text.isEmpty else { return nil }
        return text
    }

    /// Text, or a number as text: ids come as either.
    func textOrNumber(_ name: String) -> String? {
        switch object[name] {
        case .string(let text): text.isEmpty ? nil : text
        case .integer(let integer): "\(integer)"
        case .decimal(let text): text
        default: nil
        }
    }

    /// A truth value.
    func bool(_ name: String) -> Bool? { object[name]?.bool }

    /// A number in any of its forms: integer, with a fraction, or as text.
    func number(_ name: String) -> Double? {
        let number = object[name]?.string.flatMap(Double.init) ?? object[name]?.double
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    /// A number that stays as it was written, if it was written as one.
    func integer(_ name: String) -> Int64? {
        object[name]?.integer ?? object[name]?.string.flatMap { Int64($0) }
    }

    /// The members of an object.
    func fields(_ name: String) -> Fields? { object[name]?.object.map(Fields.init) }

    /// A time in seconds since 1970, in any form of number.
    func time(_ name: String) -> EpochMilliseconds? { WireTime.milliseconds(seconds: number(name)) }
}
