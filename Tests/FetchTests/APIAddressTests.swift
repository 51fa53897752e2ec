import Fetch
import Testing

/// Where requests with credentials may go.
@Suite struct APIAddressTests {
    @Test(arguments: [
        ("https://livekit.example.com", "https://livekit.example.com"),
        ("wss://a.livekit.cloud/", "https://a.livekit.cloud"),
        ("https://api.daily.co/v1", "https://api.daily.co/v1"), ("http://localhost:7880", "http://localhost:7880"),
        ("ws://livekit:7880//", "http://livekit:7880"), ("http://10.1.2.3", "http://10.1.2.3"),
        ("http://172.16.0.1", "http://172.16.0.1"), ("http://192.168.1.1:80", "http://192.168.1.1:80"),
        ("http://169.254.1.1", "http://169.254.1.1"), ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://[::1]:1", "http://[::1]:1"), ("http://[fe80::1]", "http://[fe80::1]"),
        ("http://[fd00::1]", "http://[fd00::1]"), ("http://livekit.default.svc", "http://livekit.default.svc"),
        ("http://relay.local", "http://relay.local"),
    ])
    func addressesThatMayBeAsked(text: String, base: String) throws {
        let address = try APIAddress(text)
        #expect(address.text == base)
        #expect(address.isSecure == base.hasPrefix("https:"))
    }

    @Test(arguments: [
        "", "livekit", "https://", "ftp://livekit", "http://livekit.example.com", "http://8.8.8.8", "http://11.0.0.1",
        "http://172.32.0.1", "http://172.15.0.1", "http://192.169.1.1", "http://134744072", "http://0x8080808",
        "http://010.1.2.3", "http://10.1.2", "http://10.1.2.3.4", "http://256.1.2.3", "http://[2001:db8::1]",
        "http://[::ffff:8.8.8.8]", "https://user:password@livekit", "https://livekit/?a=b", "https://livekit/#a",
        "https://live kit", "http://notlocal.example", "http://local.",
    ])
    func addressesThatMayNotBeAsked(text: String) {
        #expect(throws: WebAddress.FormatError.self) { try APIAddress(text) }
    }
}
