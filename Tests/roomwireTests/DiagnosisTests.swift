import Testing

@testable import roomwire

/// Verdicts on streams as they might have come.
@Suite struct DiagnosisTests {
    /// A good run: 15 frames 200 ms apart, a large one, 15 s of silence, the end.
    private func run(
        delay: (Int) -> Int64 = { _ in 30 }, frames: Int = 16, hasEnd: Bool = true, endedAt: Int64 = 18_300,
        headers: [String: String] = [:], request: String = #""httpVersion":"1.1""#
    ) -> DiagnosticRun {
        var run = DiagnosticRun()
        run.headers = ["content-type": "text/event-stream", "cache-control": "no-store"].merging(headers) { $1 }
        // The relay's clock is an hour ahead of ours.
        let ahead: Int64 = 3_600_000
        run.take(
            #"{"type":"diag_started","sentAtMs":\#(ahead),"frames":15,"intervalMs":200,"largeBytes":65536,"#
                + #""quietMs":15000,"request":{\#(request)}}"#, at: 30)
        for sequence in 1...frames {
            let sentAt = Int64(sequence) * 200
            run.take(
                #"{"type":"diag_frame","sequence":\#(sequence),"sentAtMs":\#(sentAt + ahead),"padding":"x"}"#,
                at: sentAt + delay(sequence))
        }
        if hasEnd { run.take(#"{"type":"diag_ended","sentAtMs":\#(ahead + 18_200)}"#, at: 18_230) }
        run.endedAt = endedAt
        return run
    }

    private func problems(_ run: DiagnosticRun) -> [Diagnosis.Check] {
        Diagnosis(run).findings.filter { $0.verdict == .problem }.map(\.check)
    }

    @Test func clocksThatDisagreeAreNoProblem() {
        let diagnosis = Diagnosis(run())
        #expect(diagnosis.findings.allSatisfy { $0.verdict == .good })
        #expect(diagnosis.findings.map(\.check) == Diagnosis.Check.allCases)
        #expect(!diagnosis.hasProblem && diagnosis.proxies.isEmpty)
    }

    @Test(arguments: ["1e300", "9223372036854775807", "-9223372036854775808", "-1", "1.5"])
    func numbersThatSomebodyMadeUpAreFramesThatDidNotCome(number: String) {
        var run = DiagnosticRun()
        run.take(
            #"{"type":"diag_started","sentAtMs":5,"frames":\#(number),"intervalMs":\#(number),"quietMs":\#(number)}"#,
            at: 1)
        for _ in 1...2 { run.take(#"{"type":"diag_frame","sequence":1,"sentAtMs":\#(number)}"#, at: 2) }
        run.take(#"{"type":"diag_frame","sequence":\#(number),"sentAtMs":3}"#, at: 3)
        #expect(problems(run).contains(.cutting))
    }

    @Test func aHiccupOfTheNetworkIsNoBuffer() {
        #expect(problems(run(delay: { $0 == 7 ? 420 : 30 })) == [])
    }

    @Test func framesThatComeTogetherAreABuffer() {
        // All wait for the large one.
        let held = run(delay: { Int64(16 - $0) * 200 + 40 })
        #expect(problems(held) == [.buffering])
        #expect(Diagnosis(held).findings[0].sentence.contains("15 of them at once"))
        // In lumps of five.
        #expect(problems(run(delay: { Int64(4 - ($0 - 1) % 5) * 200 + 40 })) == [.buffering])
    }

    @Test func nothingAtAllIsABuffer() {
        var silent = run()
        silent.arrivals = []
        silent.hasEnd = false
        #expect(problems(silent) == [.buffering, .cutting])
    }

    @Test func aCutInTheSilenceTellsAfterHowLong() {
        let cut = run(hasEnd: false, endedAt: 3230 + 5000)
        #expect(problems(cut) == [.cutting])
        #expect(Diagnosis(cut).findings[1].sentence.contains("after 5.0 s of silence"))
        let early = run(frames: 8, hasEnd: false, endedAt: 1700)
        #expect(Diagnosis(early).findings[1].sentence.contains("in the middle"))
    }

    @Test(arguments: [
        (["content-encoding": "gzip"], Diagnosis.Check.compression), (["content-length": "70000"], .headers),
        (["cache-control": "public, max-age=60"], .headers), (["cache-control": ""], .headers),
    ])
    func headersTell(headers: [String: String], check: Diagnosis.Check) {
        #expect(problems(run(headers: headers)) == [check])
    }

    @Test(arguments: [
        (["server": "nginx/1.22.1"], "", Proxy.nginx), (["server": "cloudflare"], "", .cloudflare),
        (["via": "1.1 Caddy"], "", .caddy), (["server": "Apache/2.4"], "", .apache),
        ([:], #","x-amzn-trace-id":"Root=1""#, .amazon), (["via": "1.1 google"], "", .google),
    ])
    func proxiesAreKnownByWhatTheySay(headers: [String: String], request: String, proxy: Proxy) {
        #expect(Diagnosis(run(headers: headers, request: #""httpVersion":"1.1""# + request)).proxies == [proxy])
    }

    @Test func anOldProtocolIsANoteAndNoProblem() {
        let old = Diagnosis(run(headers: ["server": "nginx"], request: #""httpVersion":"1.0""#))
        #expect(old.findings.last?.verdict == .note && !old.hasProblem)
        #expect(Diagnostician.lines(old).contains { $0.contains("nginx: proxy_http_version 1.1;") })
    }

    @Test func whoDoesNotSayWhoHeIsMayBeAny() {
        let lines = Diagnostician.lines(Diagnosis(run(headers: ["content-encoding": "gzip"])))
        for proxy in Proxy.allCases { #expect(lines.contains { $0.hasPrefix("        \(proxy.rawValue): ") }) }
    }

    @Test func everyProxyCanBeMended() {
        for proxy in Proxy.allCases {
            for check in [Diagnosis.Check.buffering, .cutting, .compression] {
                #expect(proxy.remedy(for: check) != nil, "\(proxy) \(check)")
            }
        }
    }
}
