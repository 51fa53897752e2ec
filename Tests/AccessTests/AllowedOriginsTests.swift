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
    ])
    func whatIsNoOriginIsAnError(text: String) {
        #expect(throws: OriginError(origin: text)) { try AllowedOrigins([text]) }
    }
}
