import Access
import Testing
import Wire

@Suite struct AllowedOriginsTests {
    private let list = [
        "https://dash.example.com", "http://localhost:5173", "https://*.example.org", "HTTPS://A.example:443",
    ]

    @Test(arguments: [
        ("https://dash.example.com", true), ("http://localhost:5173", true), ("https://a.example", true),
        ("https://a.example.org", true), ("https://a.b.example.org", true), ("https://a-b_1.example.org", true),
        ("http://dash.example.com", false), ("https://dash.example.com:8443", false),
        ("https://dash.example.com/", false), ("https://dash.example.com.evil.example", false),
        ("https://xdash.example.com", false), ("http://localhost", false), ("http://localhost:51730", false),
        ("https://example.org", false), ("https://.example.org", false), ("https://a..example.org", false),
        ("https://evilexample.org", false), ("http://app.example.org", false), ("https://a.example.org:444", false),
        ("https://evil.example/.example.org", false), ("https://evil.example:1.example.org", false),
        ("https://evil.example#.example.org", false), ("https://u@evil.example?.example.org", false),
        ("https://*.example.org", false), ("null", false), ("", false), ("*", false), ("https://", false),
        ("https://A.EXAMPLE.ORG", false), ("https://é.example.org", false),
    ])
    func onlyListedOriginsAreAllowed(origin: WireText, isAllowed: Bool) throws {
        #expect(try AllowedOrigins(list).decision(for: origin) == (isAllowed ? .allowed : .refused))
    }

    @Test func starLetsAnybodyReadButWithoutCredentials() throws {
        let origins = try AllowedOrigins(["*", "https://dash.example.com"])
        #expect(origins.decision(for: "https://evil.example") == .allowedWithoutCredentials)
        #expect(origins.decision(for: "null") == .allowedWithoutCredentials)
        #expect(origins.decision(for: "https://dash.example.com") == .allowed)
    }

    @Test(arguments: [
        "capacitor://localhost", "ionic://localhost", "tauri://localhost", "app://", "app://-", "app://obsidian.md",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "capacitor-electron://-", "app://localhost:8080",
        "moz-extension://2a1f7a6e-0d0c-4f8e-9d5b-1c2d3e4f5a6b",
    ])
    func originsOfAppsAreExact(origin: String) throws {
        let origins = try AllowedOrigins([origin])
        #expect(origins.decision(for: WireText(origin)) == .allowed)
        for other in [
            "\(origin)/", "\(origin)x", "x\(origin)", "https://localhost", "null", "capacitor://evil.example",
        ] as [WireText] {
            #expect(origins.decision(for: other) == .refused, "\(other)")
        }
        #expect(try AllowedOrigins([origin.uppercased()]).decision(for: WireText(origin)) == .allowed)
    }

    @Test func anIPv6AddressIsAHost() throws {
        let origins = try AllowedOrigins(["http://[::1]:3000", "https://[2001:DB8::1]:443"])
        for origin in ["http://[::1]:3000", "https://[2001:db8::1]"] as [WireText] {
            #expect(origins.decision(for: origin) == .allowed, "\(origin)")
        }
        for origin in ["http://[::1]", "http://[::2]:3000", "http://::1:3000"] as [WireText] {
            #expect(origins.decision(for: origin) == .refused, "\(origin)")
        }
    }

    @Test func emptyListAllowsNobody() throws {
        #expect(try AllowedOrigins().decision(for: "https://dash.example.com") == .refused)
    }

    @Test(arguments: [
        "", "null", "dash.example.com", "ftp://example.com", "https://", "https://example.com/",
        "https://example.com/x",
        "https://*", "https://a.*.example.com", "https://*example.com", "https://**.example.com", "https://a*.example",
        "https://example.com:", "https://example.com:0", "https://example.com:x", "https://example.com:65536",
        "https://example.com:0443", "https://example.com:+443", "https://u@example.com", "https://exa mple.com",
        "https://example..com", "https://é.example", "https://*.*.example.com",
        "https://[::1", "https://::1", "https://[::1]x", "https://[::1]:", "https://[::1]:0", "https://[::g]",
        "https://[0:0::1]", "https://*.[::1]", "https://[127.0.0.1]", "https://[fe80::1%25eth0]", "https://[]",
        "capacitor://localhost/", "capacitor://localhost/index.html", "capacitor://*", "capacitor://*.example.com",
        "capacitor:localhost", "capacitor:/localhost", "://localhost", "1app://localhost", "a pp://localhost",
        "app://u@localhost", "app://localhost:0", "app://localhost:080", "app://localhost?x", "app://é", "file://",
        "file:///x", "ws://example.com", "wss://example.com", "data://x", "about://blank", "javascript://x",
    ])
    func whatIsNoOriginIsAnError(text: String) {
        #expect(throws: OriginError(origin: text)) { try AllowedOrigins([text]) }
    }
}
