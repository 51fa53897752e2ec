internal import Events
internal import Wire

/// Converts times from the units that providers use.
enum WireTime {
    /// The end of the year 9999, beyond which ISO 8601 has no text. No sender means a later time.
    private static let largest: Int64 = 253_402_300_799_999

    /// A time in a unit of which there are `perSecond` in a second; nil for zero, which in protobuf means absent.
    static func time(_ value: Int64?, perSecond: Int64) -> WallTime? {
        guard let value, value > 0 else { return nil }
        if perSecond >= 1000 { return checked(WallTime(milliseconds: value / (perSecond / 1000))) }
        let (product, overflow) = value.multipliedReportingOverflow(by: 1000 / perSecond)
        return overflow ? nil : checked(WallTime(milliseconds: product))
    }

    /// A time in seconds that may have a fraction, to the nearest millisecond.
    static func time(seconds: Double?) -> WallTime? {
        guard let seconds, seconds > 0, seconds < Double(largest) / 1000 else { return nil }
        return checked(WallTime(milliseconds: Int64((seconds * 1000).rounded())))
    }

    /// A time as ISO 8601 text.
    static func time(text: WireText?) -> WallTime? {
        text.flatMap(ISOTime.time).flatMap(checked)
    }

    /// The time; nil if it cannot be written.
    static func checked(_ time: WallTime) -> WallTime? {
        (1...largest).contains(time.milliseconds) ? time : nil
    }

    /// Seconds from one time to another, if both are known; 0 if the clocks disagree and the end comes first.
    static func seconds(from start: WallTime?, to end: WallTime?) -> Double? {
        guard let start, let end else { return nil }
        return Double(max(0, end - start)) / 1000
    }
}
