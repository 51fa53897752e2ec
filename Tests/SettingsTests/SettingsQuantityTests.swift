import Testing

@testable import Settings

@Suite struct SettingsQuantityTests {
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

    @Test(arguments: [
        ("127.0.0.1:3001", "127.0.0.1", 3001), ("0.0.0.0:0", "0.0.0.0", 0), ("[::1]:3001", "::1", 3001),
        ("[2001:db8::1]:65535", "2001:db8::1", 65_535), (":3001", "0.0.0.0", 3001), ("localhost:80", "127.0.0.1", 80),
    ])
    func addressesAreReadWithTheirPort(text: String, host: String, port: Int) throws {
        #expect(try ListenAddress(text) == ListenAddress(host: host, port: port))
    }

    @Test(arguments: [
        ("3001", "an address and a port should stand here; did you mean :3001?"),
        ("127.0.0.1", "an address and a port should stand here, as in 127.0.0.1:3001"),
        ("[::1]", "an address and a port should stand here, as in 127.0.0.1:3001"),
        ("::1:3001", "an IPv6 address stands in brackets, as in [::1]:3001"),
        ("127.0.0.1:65536", "the port should be a number from 0 to 65535"),
        ("127.0.0.1:http", "the port should be a number from 0 to 65535"),
        ("example.com:80", "an IP address should stand before the port; no name but localhost will do"),
        ("[127.0.0.1]:80", "only an IPv6 address stands in brackets"),
    ])
    func whatIsNoAddressIsExplained(text: String, sentence: String) {
        #expect { try ListenAddress(text) } throws: { ($0 as? BadValue)?.sentence == sentence }
    }

    @Test(arguments: [
        ("per_usr", "per_user"), ("hearbeat", "heartbeat"), ("Heartbeat", "heartbeat"), ("peruser", "per_user"),
        ("tokne", "token"),
    ])
    func theNearestWordIsSuggested(word: String, suggestion: String) {
        let words = ["heartbeat", "per_user", "per_address", "total", "token"]
        #expect(Suggestion.nearest(to: word, of: words) == suggestion)
    }

    @Test(arguments: ["", "x", "zebra", "user"])
    func nothingIsSuggestedForAWordThatIsFarFromAll(word: String) {
        #expect(Suggestion.nearest(to: word, of: ["heartbeat", "per_user", "per_address"]) == nil)
    }
}
