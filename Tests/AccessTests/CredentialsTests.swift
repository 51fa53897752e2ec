import Access
import Testing
import Wire

@Suite struct CredentialsTests {
    private func find(
        _ authorization: WireText? = nil, cookie: WireText? = nil, query: [(name: WireText, value: WireText)] = []
    ) throws(AccessRefusal) -> Credentials? {
        try Credentials.find(authorization: authorization, cookie: cookie, query: query)
    }

    @Test func headerComesBeforeCookieBeforeTokenBeforeTicket() throws {
        let query: [(name: WireText, value: WireText)] = [("ticket", "t"), ("access_token", "q")]
        #expect(try find("Bearer h", cookie: "roomwire=c", query: query) == .bearer("h"))
        #expect(try find(cookie: "roomwire=c", query: query) == .bearer("c"))
        #expect(try find(query: query) == .bearer("q"))
        #expect(try find(query: [query[0]]) == .ticket("t"))
        #expect(try find() == nil)
    }

    @Test(arguments: ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer  a.b.c", " Bearer\ta.b.c "])
    func schemeIsReadInAnyCase(value: WireText) throws {
        #expect(try find(value) == .bearer("a.b.c"))
    }

    @Test(arguments: ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", "Bearer a b", "Bearer,a", "Token a", "Bearera"])
    func anyOtherAuthorizationIsAnErrorAndNotPassedOver(value: WireText) {
        let refusal = #expect(throws: AccessRefusal.self) {
            try find(value, cookie: "roomwire=c", query: [(name: "ticket", value: "t")])
        }
        #expect(refusal?.reason == .malformedToken)
        #expect(refusal?.status == 401)
    }

    @Test(
        arguments: [
            ("roomwire=a", "a"), ("x=1; roomwire=a; y=2", "a"), ("x=1;roomwire=a;", "a"), (#"roomwire="a""#, "a"),
            (" roomwire = a ", "a"), ("roomwire=a=b", "a=b"), ("roomwire=a; roomwire=b", "a"),
            ("roomwire=; roomwire=b", "b"),
            ("roomwire=\"\"; x=1; roomwire=b", "b"), ("roomwire=\"", "\""),
            ("roomwire=", nil), (#"roomwire="""#, nil), ("Roomwire=a", nil), ("xroomwire=a", nil), ("roomwire", nil),
            ("x=roomwire=a", nil), ("", nil), (";;=;", nil),
        ] as [(WireText, WireText?)])
    func tokenIsFoundAmongCookies(cookie: WireText, token: WireText?) throws {
        #expect(try find(cookie: cookie) == token.map(Credentials.bearer))
    }

    @Test func emptyValuesAreAsGoodAsNone() throws {
        let query: [(name: WireText, value: WireText)] = [("access_token", ""), ("ticket", "t"), ("ticket", "")]
        #expect(try find(cookie: "roomwire=", query: query) == .ticket("t"))
    }

    @Test(arguments: ["access_token", "ticket"])
    func repeatedValueIsAnErrorAndNotAChoice(name: WireText) {
        let refusal = #expect(throws: AccessRefusal.self) {
            try find(query: [(name: name, value: "a"), (name: name, value: "a")])
        }
        #expect(refusal?.reason == .malformedToken)
    }

    @Test func otherNamesAreNotLookedAt() throws {
        #expect(try find(query: [(name: "Access_Token", value: "a"), (name: "token", value: "b")]) == nil)
    }
}
