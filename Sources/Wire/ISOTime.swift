/// Times in the wire's format: `2026-11-20T20:03:06.123Z`.
public enum ISOTime {
    /// ISO 8601 in UTC with milliseconds. The year has four digits, so a time outside of the years 0 to 9999 is written
    /// as the nearest within.
    public static func text(_ time: WallTime) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        append(time, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let earliest: Int64 = -62_167_219_200_000
    private static let latest: Int64 = 253_402_300_799_999

    /// Appends what ``text(_:)`` returns, without a String in between.
    static func append(_ time: WallTime, to bytes: inout [UInt8]) {
        let time = min(max(time.milliseconds, earliest), latest)
        let days = floorDivide(time, 86_400_000)
        let (year, month, day) = civil(fromDays: days)
        let inDay = time - days * 86_400_000
        func digit(_ value: Int64) { bytes.append(UInt8(ascii: "0") + UInt8(value % 10)) }
        func twoDigits(_ value: Int64) {
            digit(value / 10)
            digit(value)
        }
        twoDigits(year / 100)
        twoDigits(year)
        bytes.append(UInt8(ascii: "-"))
        twoDigits(month)
        bytes.append(UInt8(ascii: "-"))
        twoDigits(day)
        bytes.append(UInt8(ascii: "T"))
        twoDigits(inDay / 3_600_000)
        bytes.append(UInt8(ascii: ":"))
        twoDigits(inDay / 60_000 % 60)
        bytes.append(UInt8(ascii: ":"))
        twoDigits(inDay / 1000 % 60)
        bytes.append(UInt8(ascii: "."))
        digit(inDay / 100)
        twoDigits(inDay)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Parses RFC 3339: date, `T` or blank, time, an optional fraction (cut at milliseconds), and `Z` or an offset.
    public static func time(_ text: String) -> WallTime? { time(WireText(text)) }

    /// Parses RFC 3339, from outside.
    public static func time(_ text: WireText) -> WallTime? {
        var rest = Array(text.utf8)[...]
        func number(_ count: Int) -> Int64? {
            guard rest.count >= count else { return nil }
            var value: Int64 = 0
            for digit in rest.prefix(count) {
                guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int64(digit - UInt8(ascii: "0"))
            }
            rest = rest.dropFirst(count)
            return value
        }
        func skip(_ allowed: String) -> UInt8? {
            guard let next = rest.first, allowed.utf8.contains(next) else { return nil }
            rest = rest.dropFirst()
            return next
        }
        guard let year = number(4), skip("-") != nil, let month = number(2), skip("-") != nil, let day = number(2),
            skip("Tt ") != nil, let hour = number(2), skip(":") != nil, let minute = number(2),
            skip(":") != nil, let second = number(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(".,") != nil {
            var weight: Int64 = 100
            guard rest.first.map(isDigit) == true else { return nil }
            while let digit = rest.first, isDigit(digit) {
                fraction += Int64(digit - UInt8(ascii: "0")) * weight
                weight /= 10
                rest = rest.dropFirst()
            }
        }
        guard let offset = offset(&rest), rest.isEmpty else { return nil }
        let days = days(fromYear: year, month: month, day: day)
        return WallTime(
            milliseconds: ((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + fraction)
    }

    /// The offset from UTC in minutes, from `Z`, `+02:00` or `+0200`.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard let sign = rest.popFirst() else { return nil }
        if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") { return 0 }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let digits = rest.filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 4, rest.count <= 5, digits.allSatisfy(isDigit) else { return nil }
        rest = []
        let value = digits.map { Int64($0 - UInt8(ascii: "0")) }
        let minutes = (value[0] * 10 + value[1]) * 60 + value[2] * 10 + value[3]
        return sign == UInt8(ascii: "-") ? -minutes : minutes
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : -((by - 1 - value) / by)
    }

    // Days and dates of the proleptic Gregorian calendar, counted in 400-year eras that begin on 1 March, so that
    // the leap day is the last of its year and needs no case of its own.
    private static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
