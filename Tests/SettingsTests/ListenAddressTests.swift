import Testing

@testable import Settings

@Suite struct ListenAddressTests {
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
}
