/// `${NAME}` inside the file's values.
struct Variables {
    let environment: [String: String]
    /// The variables that the file names, whether they are set or not.
    private(set) var used: Set<String> = []

    init(environment: [String: String]) {
        self.environment = environment
    }

    /// Puts variables in: `${NAME}`, or `${NAME:-fallback}` for one that is unset or empty; `$${` stands for `${`.
    mutating func expand(_ text: String) throws(BadValue) -> String {
        guard text.contains("${") else { return text }
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let brace = rest.firstIndex(of: "}") else { throw BadValue("${ has no } after it") }
                result += try value(rest.dropFirst(2)[..<brace])
                rest = rest[rest.index(after: brace)...]
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private mutating func value(_ reference: Substring) throws(BadValue) -> String {
        let parts = reference.split(separator: ":-", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "_")
            }
        guard isName else { throw BadValue("a variable's name should stand between ${ and }") }
        used.insert(name)
        if let value = environment[name], !value.isEmpty { return value }
        guard parts.count == 2 else { throw BadValue("the environment variable \(name) is not set") }
        return String(parts[1])
    }
}
