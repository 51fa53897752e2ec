import Testing

@testable import Fetch

@Suite struct WebAddressTests {
    @Test(arguments: [
        ("https://idp.example.com/keys", true, false), ("HTTPS://IDP.EXAMPLE.COM", true, false),
        ("https://idp.example.com:8443/a/b?tenant=1", true, false), ("https://127.0.0.1:1/keys", true, true),
        ("http://127.0.0.1/keys", false, true), ("http://127.9.9.9:80/keys", false, true),
        ("http://localhost:8080", false, true), ("http://LOCALHOST/keys", false, true),
        ("http://[::1]:8080/keys", false, true),
    ])
    func addressIsInTLSOrOnThisMachine(text: String, isSecure: Bool, isLoopback: Bool) throws {
        let address = try WebAddress(text)
        #expect(address.isSecure == isSecure)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: [
        "http://idp.example.com/keys", "http://10.0.0.1/keys", "http://127.0.0.1.example.com/", "http://127.0.0/",
        "http://localhost.example.com/", "http://[::2]/", "ftp://127.0.0.1/keys", "file:///etc/passwd",
        "http://2130706433/", "http://0x7f.0.0.1/", "gopher://localhost/", "//idp.example.com/keys",
    ])
    func plainTextBeyondThisMachineIsRefused(text: String) {
        #expect(throws: WebAddress.FormatError.self) { try WebAddress(text) }
    }

    @Test(arguments: [
        "", " ", "idp.example.com", "/keys", "https://", "https:///keys", "https://idp.example.com/a b",
        "https://idp.example.com\\@evil.example/", "https://idp.example.com/\n", "https://idp.example.com/\u{0}",
        "https://bücher.example/", "https://idp.example.com/{tenant}", "https://[::1", "https://a:b:c/",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(throws: WebAddress.FormatError.self) { try WebAddress(text) }
    }

    @Test(arguments: [
        "https://user:password@idp.example.com/", "https://user@idp.example.com/", "http://localhost:80@evil.example/",
        "http://127.0.0.1@evil.example/",
    ])
    func passwordsInAnAddressAreRefused(text: String) throws {
        let error = #expect(throws: WebAddress.FormatError.self) { try WebAddress(text) }
        #expect(error?.problem.contains("password@") == false)
    }

    @Test func queryIsNotShown() throws {
        #expect(try WebAddress("https://a.example/keys?code=hush#x").shown == "https://a.example/keys")
    }
}

@Suite struct FreshnessTests {
    private func seconds(_ lines: String...) -> Int? {
        var freshness = Freshness()
        for line in lines { freshness.take(header: line + "\r\n") }
        return freshness.seconds
    }

    @Test func maxAgeIsRead() {
        #expect(seconds("HTTP/1.1 200 OK", "Cache-Control: max-age=300") == 300)
        #expect(seconds("cache-control:public, MAX-AGE=60, must-revalidate") == 60)
        #expect(seconds("Cache-Control: max-age = \"5\"") == 5)
        #expect(seconds("Cache-Control: public", "Cache-Control: max-age=7") == 7)
    }

    @Test func whatMustNotBeKeptIsFreshForNoTime() {
        #expect(seconds("Cache-Control: no-cache") == 0)
        #expect(seconds("Cache-Control: max-age=300, no-store") == 0)
        #expect(seconds("Cache-Control: no-store, max-age=300") == 0)
        #expect(seconds("Cache-Control: max-age=-1") == 0)
    }

    @Test func withoutAWordThereIsNone() {
        #expect(seconds("HTTP/1.1 200 OK", "Content-Type: application/json") == nil)
        #expect(seconds("Cache-Control: max-age=soon") == nil)
        #expect(seconds("Cache-Control: s-maxage=300") == nil)
        #expect(seconds("Cache-Control: max-age=99999999999999999999") == nil)
    }

    @Test func lastOfSeveralAnswersCounts() {
        #expect(seconds("HTTP/1.1 302 Found", "Cache-Control: max-age=9", "HTTP/1.1 200 OK") == nil)
    }
}
