import Testing
import Wire

@testable import Access

@Suite struct TrustedProxiesTests {
    private func proxies(_ header: String, _ networks: String...) -> TrustedProxies {
        TrustedProxies(networks: networks.compactMap(NetworkRange.init), header: header)
    }

    private func client(
        of proxies: TrustedProxies, peer: String = "127.0.0.1", _ lines: [(name: WireText, value: WireText)]
    ) -> String {
        proxies.client(peer: peer, headers: lines)
    }

    @Test func headerOfAStrangerIsNotBelieved() {
        let proxies = proxies("X-Forwarded-For", "127.0.0.1")
        #expect(client(of: proxies, peer: "203.0.113.9", [("X-Forwarded-For", "198.51.100.1")]) == "203.0.113.9")
        #expect(client(of: TrustedProxies(), [("X-Forwarded-For", "198.51.100.1")]) == "127.0.0.1")
    }

    @Test func headerOfAnotherNameIsNotBelieved() {
        let proxies = proxies("CF-Connecting-IP", "127.0.0.1")
        #expect(client(of: proxies, [("X-Forwarded-For", "198.51.100.1")]) == "127.0.0.1")
        #expect(client(of: proxies, [("cf-connecting-ip", "198.51.100.1")]) == "198.51.100.1")
    }

    @Test(arguments: [
        ("198.51.100.1", "198.51.100.1"),
        // What a client made up stands left of what the proxy saw.
        ("192.0.2.66, 198.51.100.1", "198.51.100.1"), ("garbage, 198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.1.2.3, 10.9.9.9", "198.51.100.1"), ("198.51.100.1,10.1.2.3", "198.51.100.1"),
        // A client within the trusted networks.
        ("10.1.2.3, 10.9.9.9", "10.1.2.3"), ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8::1]:443", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        // Malformed where it counts: the proxy itself stands for the client.
        ("", "127.0.0.1"), ("198.51.100.1,", "127.0.0.1"), ("198.51.100.1, unknown", "127.0.0.1"),
        ("198.51.100.1, 10.1.2.3, x", "127.0.0.1"), ("fe80::1%eth0", "127.0.0.1"), ("198.51.100.1:", "127.0.0.1"),
        ("198.51.100.1:http", "127.0.0.1"), ("[2001:db8::1", "127.0.0.1"), ("[2001:db8::1]x", "127.0.0.1"),
        ("198.51.100.256", "127.0.0.1"), ("198.51.100", "127.0.0.1"), ("0x7f.1", "127.0.0.1"),
    ])
    func lastUntrustedAddressOfAListIsTheClient(value: WireText, expected: String) {
        let proxies = proxies("X-Forwarded-For", "127.0.0.1", "10.0.0.0/8")
        #expect(client(of: proxies, [("X-Forwarded-For", value)]) == expected)
    }

    @Test func severalLinesAreOneList() {
        let proxies = proxies("x-forwarded-for", "127.0.0.1", "10.0.0.0/8")
        let lines: [(name: WireText, value: WireText)] = [
            ("X-Forwarded-For", "192.0.2.66"), ("Other", "x"), ("X-Forwarded-For", "198.51.100.1, 10.1.1.1"),
        ]
        #expect(client(of: proxies, lines) == "198.51.100.1")
        #expect(client(of: proxies, [lines[0], ("x-forwarded-for", "10.1.1.1")]) == "192.0.2.66")
    }

    @Test(arguments: [
        ("for=198.51.100.1", "198.51.100.1"), ("For=\"198.51.100.1:4711\";proto=https;by=10.0.0.1", "198.51.100.1"),
        ("for=192.0.2.66, for=198.51.100.1", "198.51.100.1"), ("proto=https; for=\"[2001:db8::1]:8\"", "2001:db8::1"),
        ("for=\"a,b\";for=198.51.100.1", "127.0.0.1"), ("for=198.51.100.1, for=10.1.1.1", "198.51.100.1"),
        ("for=192.0.2.1;host=\"a,b;c\"", "192.0.2.1"), ("for=_hidden", "127.0.0.1"), ("for=unknown", "127.0.0.1"),
        ("proto=https", "127.0.0.1"), ("for=\"198.51.100.1", "127.0.0.1"), ("", "127.0.0.1"),
        // A sign that Swift joins with the comma behind it, so that the proxy's word would become part of the client's.
        ("for=192.0.2.66;by=\u{600},for=198.51.100.1", "198.51.100.1"),
        ("for=192.0.2.66;by=\"\u{600}\",for=198.51.100.1", "198.51.100.1"),
    ])
    func forwardedIsReadByItsStandard(value: WireText, expected: String) {
        let proxies = proxies("Forwarded", "127.0.0.1", "10.0.0.0/8")
        #expect(client(of: proxies, [("Forwarded", value)]) == expected)
    }

    @Test func whatAClientSendsCannotSwallowTheCommaOfAProxy() {
        let proxies = proxies("X-Forwarded-For", "127.0.0.1")
        #expect(client(of: proxies, [("X-Forwarded-For", "192.0.2.66\u{600},198.51.100.1")]) == "198.51.100.1")
    }

    @Test func peersAreWrittenInOneWay() {
        let proxies = proxies("X-Forwarded-For", "127.0.0.1", "::1")
        #expect(client(of: proxies, peer: "::ffff:203.0.113.9", []) == "203.0.113.9")
        #expect(client(of: proxies, peer: "::1", [("X-Forwarded-For", "198.51.100.1")]) == "198.51.100.1")
        #expect(client(of: proxies, peer: "::ffff:127.0.0.1", [("X-Forwarded-For", "198.51.100.1")]) == "198.51.100.1")
        #expect(client(of: proxies, peer: "a socket", [("X-Forwarded-For", "198.51.100.1")]) == "a socket")
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false), ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
        ("::/0", "2001:db9::1", true), ("2001:db8::1", "2001:db8::1", true), ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ])
    func networkHoldsItsAddresses(network: String, address: String, holds: Bool) throws {
        #expect(try #require(NetworkRange(network)).contains(#require(NetworkAddress(address))) == holds)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/08", "2001:db8::1/64", "::/129", "x/8", "10/8",
    ])
    func whatIsNoNetworkIsRefused(text: String) {
        #expect(NetworkRange(text) == nil)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"), ("::1", "::/64"), ("", ""),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ])
    func addressesOfOneCustomerCountAsOne(address: String, counted: WireText) {
        #expect(NetworkAddress.countedAs(address) == counted)
    }
}
