import Testing

@testable import Wire

@Suite struct QuantityTests {
    @Test(arguments: [
        ("0", 0), ("1ms", 1), ("15s", 15_000), ("10m", 600_000), ("24h", 86_400_000), ("7d", 604_800_000),
        ("1h30m", 5_400_000), ("1m500ms", 60_500),
    ])
    func durationsAreReadInMilliseconds(text: String, milliseconds: Int) {
        #expect(Quantity.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "15", "s", "-1s", "+1s", "1.5h", "15 s", "15S", "15sec", "30m1h", "1s1s", "١s", "9223372036854775807d",
        "106751991167d106751991167h99999999999999m",
    ])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(Quantity.milliseconds(text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("512", 512), ("512B", 512), ("64KiB", 65_536), ("64MiB", 67_108_864), ("1GiB", 1_073_741_824),
        ("2TiB", 2_199_023_255_552), ("100MB", 100_000_000), ("1kB", 1000),
    ])
    func sizesAreReadInBytes(text: String, bytes: Int) {
        #expect(Quantity.bytes(text) == bytes)
    }

    @Test(arguments: ["", "GiB", "1G", "1gib", "1.5GiB", "-1B", "1 GiB", "99999999999TiB"])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(Quantity.bytes(text) == nil)
    }

    @Test(arguments: [("0", 0), ("5", 5), ("1000000", 1_000_000), ("1_000_000", 1_000_000)])
    func countsAreWholeNumbers(text: String, count: Int) {
        #expect(Quantity.count(text) == count)
    }

    @Test(arguments: ["", "_1", "1_", "1__0", "-1", "1.0", "1e6", "0x10", "five", "99999999999999999999"])
    func whatIsNoCountIsRefused(text: String) {
        #expect(Quantity.count(text) == nil)
    }

    @Test(arguments: [0, 1, 1500, 15_000, 90_000, 3_600_000, 86_400_000, 86_400_001])
    func aDurationsTextReadsBackAsTheSame(milliseconds: Int) {
        #expect(Quantity.milliseconds(Quantity.text(milliseconds: milliseconds)) == milliseconds)
    }

    @Test(arguments: [0, 1, 1000, 1024, 1_073_741_824, 1_073_741_825])
    func aSizesTextReadsBackAsTheSame(bytes: Int) {
        #expect(Quantity.bytes(Quantity.text(bytes: bytes)) == bytes)
    }
}
