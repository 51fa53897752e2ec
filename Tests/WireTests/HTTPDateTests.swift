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
