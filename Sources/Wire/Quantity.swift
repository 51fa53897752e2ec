/// Durations, sizes and counts as people write them.
package enum Quantity {
    private static let durationUnits: [(name: String, factor: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    private static let sizeUnits: [(name: String, factor: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("kB", 1000), ("B", 1),
    ]

    /// Milliseconds of a duration: `500ms`, `15s`, `10m`, `24h`, `7d`, or several from large to small, as `1h30m`.
    /// Only 0 may go without a unit. Nil for anything else.
    package static func milliseconds(_ text: String) -> Int? {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total = 0
        var largest = Int.max
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let word = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(word.count)
            guard let number = Int(digits), let unit = durationUnits.first(where: { $0.name == word }),
                unit.factor < largest
            else { return nil }
            let (part, overflow) = number.multipliedReportingOverflow(by: unit.factor)
            let (sum, carry) = total.addingReportingOverflow(part)
            guard !overflow, !carry else { return nil }
            total = sum
            largest = unit.factor
        } while !rest.isEmpty
        return total
    }

    /// The same of text from outside.
    package static func milliseconds(_ text: WireText) -> Int? {
        // The longest duration that anybody writes is far shorter, and has only ASCII.
        guard text.byteCount <= 64, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return milliseconds(text.string)
    }

    /// Bytes of a size: `64MiB`, `1GiB`, `100MB`, `512B`, or bytes without a unit. Nil for anything else.
    package static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let word = text.dropFirst(digits.count)
        guard let number = Int(digits) else { return nil }
        if word.isEmpty { return number }
        guard let unit = sizeUnits.first(where: { $0.name == word }) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        return overflow ? nil : bytes
    }

    /// A whole number, not negative; `_` may stand between digits. Nil for anything else.
    package static func count(_ text: String) -> Int? {
        let groups = text.split(separator: "_", omittingEmptySubsequences: false)
        guard groups.allSatisfy({ group in !group.isEmpty && group.allSatisfy { $0.isASCII && $0.isNumber } }) else {
            return nil
        }
        return Int(groups.joined())
    }

    /// A duration in the largest unit that gives a whole number.
    package static func text(milliseconds: Int) -> String {
        if milliseconds == 0 { return "0" }
        let unit = durationUnits.first { milliseconds.isMultiple(of: $0.factor) }
        return unit.map { "\(milliseconds / $0.factor)\($0.name)" } ?? "\(milliseconds)ms"
    }

    /// A size in the largest binary unit that gives a whole number.
    package static func text(bytes: Int) -> String {
        if bytes == 0 { return "0" }
        let unit = sizeUnits.prefix(4).first { bytes.isMultiple(of: $0.factor) }
        return unit.map { "\(bytes / $0.factor)\($0.name)" } ?? "\(bytes)B"
    }
}
