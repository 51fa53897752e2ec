import Testing
import Wire

/// Times as text.
struct ISOTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_795_201_986_123, "2026-11-20T19:13:06.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
    ])
    func timeIsWrittenAndReadBack(_ time: WallTime, _ text: String) {
        #expect(ISOTime.text(time) == text)
        #expect(ISOTime.time(text) == time)
    }

    @Test func timeOutsideOfFourDigitsIsWrittenAsTheNearest() {
        #expect(ISOTime.text(WallTime(milliseconds: .max)) == "9999-12-31T23:59:59.999Z")
        #expect(ISOTime.text(WallTime(milliseconds: .min)) == "0000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [
        ("2026-09-21T14:13:20Z", 1_790_000_000_000), ("2026-09-21t14:13:20z", 1_790_000_000_000),
        ("2026-09-21 14:13:20Z", 1_790_000_000_000), ("2026-09-21T16:13:20+02:00", 1_790_000_000_000),
        ("2026-09-21T08:43:20-0530", 1_790_000_000_000), ("2026-09-21T14:13:20.1Z", 1_790_000_000_100),
        ("2026-09-21T14:13:20.1239999Z", 1_790_000_000_123), ("2026-09-21T14:13:20,5Z", 1_790_000_000_500),
    ])
    func formsOfRFC3339AreRead(_ text: String, _ time: WallTime) {
        #expect(ISOTime.time(text) == time)
    }

    @Test(arguments: [
        "", "2026-09-21", "2026-09-21T14:13:20", "2026-13-21T14:13:20Z", "2026-00-21T14:13:20Z",
        "2026-09-32T14:13:20Z", "2026-09-21T24:13:20Z", "2026-09-21T14:60:20Z", "2026-09-21T14:13:61Z",
        "2026-09-21T14:13:20.Z", "2026-09-21T14:13:20Zx", "2026-09-21T14:13:20+2", "26-09-21T14:13:20Z",
        "2026-09-21T14:13:20+02:00:00", "1790000000",
    ])
    func anythingElseIsNoTime(_ text: String) {
        #expect(ISOTime.time(text) == nil)
    }

    @Test func everyDayOfFourCenturiesReadsBack() {
        for day in stride(from: Int64(-30 * 365), to: 400 * 366, by: 13) {
            let time = WallTime(milliseconds: day * 86_400_000 + 12_345_678)
            #expect(ISOTime.time(ISOTime.text(time)) == time)
        }
    }
}
