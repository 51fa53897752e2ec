/// Times in HTTP's format: `Fri, 20 Nov 2026 20:03:06 GMT` (RFC 9110, section 5.6.7).
public enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The time as text, in whole seconds. A time before 1970 is written as 1 January 1970.
    public static func text(_ time: WallTime) -> String {
        let seconds = max(0, time.milliseconds) / 1000
        let (year, month, day) = ISOTime.civil(fromDays: seconds / 86_400)
        func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let weekday = days[Int(seconds / 86_400 % 7)]
        let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(twoDigits).joined(separator: ":")
        return "\(weekday), \(twoDigits(day)) \(months[Int(month) - 1]) \(year) \(clock) GMT"
    }
}
