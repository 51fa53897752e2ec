internal import Events
internal import Logging
internal import Wire

/// A setting that is one value or a plain list: how to read it from text, wherever the text stood, and how to show it.
///
/// What has a shape of its own, `sources` and `tokens.issuers`, is read by ``SourceReader`` and ``IssuerReader``.
package struct Setting: Sendable {
    /// Its full name in the file. The variable and the flag follow from it.
    package let key: String
    /// Whether the file may give a list, and a variable several values with commas between them.
    let takesList: Bool
    let assign: @Sendable (inout Settings, [String]) throws(BadValue) -> Void
    /// Its value for people.
    package let show: @Sendable (Settings) -> String

    /// The variable of the environment that sets it: `ROOMWIRE_STREAMS_PER_USER` for `streams.per_user`.
    var variable: String { Self.variablePrefix + key.uppercased().replacing(".", with: "_") }
    /// The flag that sets it, where the command has one.
    var flag: String { "--" + key.replacing(".", with: "-").replacing("_", with: "-") }

    static let variablePrefix = "ROOMWIRE_"

    /// Where in the settings a value goes.
    typealias Place<Value> = any WritableKeyPath<Settings, Value> & Sendable

    /// A setting of one value.
    init<Value>(
        _ key: String, _ path: Place<Value>,
        read: @escaping @Sendable (String) throws(BadValue) -> Value, show: @escaping @Sendable (Value) -> String
    ) {
        self.key = key
        takesList = false
        assign = { (settings: inout Settings, texts: [String]) throws(BadValue) in
            guard let text = texts.first, texts.count == 1 else { throw BadValue("one value should stand here") }
            settings[keyPath: path] = try read(text)
        }
        self.show = { show($0[keyPath: path]) }
    }

    /// A setting of several values.
    init<Value>(
        list key: String, _ path: Place<[Value]>,
        read: @escaping @Sendable (String) throws(BadValue) -> Value, show: @escaping @Sendable (Value) -> String
    ) {
        self.key = key
        takesList = true
        assign = { (settings: inout Settings, texts: [String]) throws(BadValue) in
            var values: [Value] = []
            for text in texts { values.append(try read(text)) }
            settings[keyPath: path] = values
        }
        self.show = { settings in settings[keyPath: path].map(show).joined(separator: ", ") }
    }
}

// What most settings are.
extension Setting {
    static func duration(
        _ key: String, _ path: Place<Int>, _ range: ClosedRange<Int>,
        zeroIsNoBound: Bool = false
    ) -> Setting {
        Setting(key, path) { (text) throws(BadValue) in
            if zeroIsNoBound && text == "off" { return 0 }
            guard let value = Quantity.milliseconds(text) else {
                let isNumber = Quantity.count(text) != nil
                let hint = isNumber ? "with its unit; did you mean \(text)s?" : "as in 15s, 10m or 24h"
                throw BadValue("a duration should stand here, \(hint)")
            }
            try check(value, range, zeroIsNoBound) { Quantity.text(milliseconds: $0) }
            return value
        } show: {
            $0 == 0 && zeroIsNoBound ? "no bound" : Quantity.text(milliseconds: $0)
        }
    }

    static func count(
        _ key: String, _ path: Place<Int>, _ range: ClosedRange<Int>,
        zeroIsNoBound: Bool = false
    ) -> Setting {
        Setting(key, path) { (text) throws(BadValue) in
            guard let value = Quantity.count(text) else { throw BadValue("a whole number should stand here") }
            try check(value, range, zeroIsNoBound) { String($0) }
            return value
        } show: {
            $0 == 0 && zeroIsNoBound ? "no bound" : String($0)
        }
    }

    static func size(
        _ key: String, _ path: Place<Int>, _ range: ClosedRange<Int>,
        zeroIsNoBound: Bool = false
    ) -> Setting {
        Setting(key, path) { (text) throws(BadValue) in
            guard let value = Quantity.bytes(text) else {
                throw BadValue("a size should stand here, as in 64MiB or 1GiB")
            }
            try check(value, range, zeroIsNoBound) { Quantity.text(bytes: $0) }
            return value
        } show: {
            $0 == 0 && zeroIsNoBound ? "no bound" : Quantity.text(bytes: $0)
        }
    }

    static func word<Word: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: String, _ path: Place<Word>
    ) -> Setting {
        Setting(key, path) { (text) throws(BadValue) in
            guard let word = Word(rawValue: text) else {
                throw BadValue.notOneOf(Word.allCases.map(\.rawValue), text)
            }
            return word
        } show: {
            $0.rawValue
        }
    }

    static func truth(_ key: String, _ path: Place<Bool>) -> Setting {
        Setting(key, path) { (text) throws(BadValue) in
            try truth(text)
        } show: {
            String($0)
        }
    }

    static func truth(_ text: String) throws(BadValue) -> Bool {
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw BadValue("true or false should stand here")
        }
    }

    private static func check(
        _ value: Int, _ range: ClosedRange<Int>, _ zeroIsNoBound: Bool, show: (Int) -> String
    ) throws(BadValue) {
        if value == 0 && zeroIsNoBound { return }
        let zero = zeroIsNoBound ? ", or 0 for no bound" : ""
        guard value >= range.lowerBound else { throw BadValue("the least is \(show(range.lowerBound))\(zero)") }
        guard value <= range.upperBound else { throw BadValue("the most is \(show(range.upperBound))\(zero)") }
    }
}

extension BadValue {
    static func notOneOf(_ words: [String], _ text: String) -> BadValue {
        let nearest = Suggestion.nearest(to: text, of: words).map { "; did you mean \($0)?" } ?? ""
        return BadValue("should be \(words.joined(separator: " or "))\(nearest)")
    }
}
