import TestSupport
import Testing
import Wire

struct HTTPDateTests {
    static let dates: [(WallTime, String)] = [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_795_201_856_123, "Fri, 20 Nov 2026 19:10:56 GMT"),
        (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ]

    @Test(arguments: dates)
    func timeIsWrittenAsHTTPWantsIt(time: WallTime, text: String) {
        #expect(HTTPDate.text(time) == text)
    }
}

/// Reading times in HTTP's format.
@Suite struct HTTPDateReadingTests {
    @Test func whatIsWrittenIsRead() throws {
        let time = try #require(ISOTime.time("1994-11-06T08:49:37Z"))
        #expect(HTTPDate.text(time) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.time("Sun, 06 Nov 1994 08:49:37 GMT") == time)
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nix 1994 08:49:37 GMT", "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37", "120",
    ])
    func anythingElseIsNoTime(text: String) {
        #expect(HTTPDate.time(text) == nil)
    }
}
