internal import Events
internal import Fetch
internal import Wire

/// Opens a diagnostic stream, records what arrives, and reports what proxies on the way do to it.
struct Diagnostician {
    let url: RelayURL
    let token: @Sendable () -> String
    /// What the server's certificate is checked against.
    let certificates: TrustedCertificates

    /// How long a stream may be silent beyond its planned silence before its connection counts as broken.
    private static let patienceMilliseconds = 60_000
    /// The longest planned silence; see the route's limits.
    private static let longestQuietMilliseconds = 600_000

    /// Runs it and prints the verdicts.
    /// - Returns: true if there is nothing to change.
    func run() async throws -> Bool {
        let token = token()
        var request = WebRequest(
            url: try url.address("/diag/stream"),
            headers: [("Accept", "text/event-stream"), ("Authorization", "Bearer \(token)")],
            silenceMilliseconds: Self.longestQuietMilliseconds + Self.patienceMilliseconds)
        // As browsers do: otherwise no proxy would compress.
        request.acceptsCompression = true
        let run: DiagnosticRun
        do {
            run = try await watch(request, token)
        } catch let failure as WebFailure {
            throw Failure.refused("cannot reach \(url.text): \(failure.sentence)")
        }
        let diagnosis = Diagnosis(run)
        for line in Self.lines(diagnosis) { Terminal.line(line) }
        return !diagnosis.hasProblem
    }

    private func watch(_ request: WebRequest, _ token: String) async throws -> DiagnosticRun {
        var run = DiagnosticRun()
        let clock = ContinuousClock()
        let began = clock.now
        func now() -> Int64 { Int64((clock.now - began) / .milliseconds(1)) }
        var parser = EventStreamParser(lastEventID: nil)
        var refusal: Refusal?
        do {
            for try await part in WebClient(trusting: certificates).parts(of: request) {
                switch part {
                case .head(let status, let headers):
                    run.headers = headers
                    refusal = try Refusal(status: status, headers: headers)
                case .bytes(let bytes) where refusal != nil: refusal?.append(bytes)
                case .bytes(let bytes):
                    for item in try parser.items(bytes) {
                        guard case .event(_, let data, _) = item else { continue }
                        let isFirst = run.opening == nil
                        run.take(data, at: now())
                        if isFirst, run.opening != nil { Self.announce(run) }
                    }
                }
            }
        } catch is WebFailure where !run.headers.isEmpty {
            // The stream broke, which is a finding.
        }
        run.endedAt = now()
        if let refusal { throw Self.failure(refusal, run.headers, token: token) }
        return run
    }

    /// Why there is no stream to examine. If the relay saw no token, or another one, a proxy drops or replaces
    /// `Authorization`.
    static func failure(_ refusal: Refusal, _ headers: [String: String], token: String) -> Failure {
        let what: String
        switch refusal.reason {
        case "missing_token": what = "drops the header Authorization: the relay saw no token"
        case "malformed_token" where CompactToken(Array(token.utf8)[...]) != nil:
            what = "replaces the header Authorization: the relay saw another one than was sent"
        default: return .refused(refusal.sentence)
        }
        var run = DiagnosticRun()
        run.headers = headers
        let remedies = Proxy.named(by: run).compactMap { proxy in
            proxy.authorizationRemedy.map { "\n  \(proxy.rawValue): \($0)" }
        }
        return .refused("a proxy on the way \(what)\(remedies.joined())")
    }

    private static func announce(_ run: DiagnosticRun) {
        let steady = Int64(run.plannedFrames) * run.intervalMilliseconds
        Terminal.notice("connected; watching for \((steady + run.quietMilliseconds + 999) / 1000) s")
    }

    /// The findings for people, each with the settings to change.
    static func lines(_ diagnosis: Diagnosis) -> [String] {
        var lines: [String] = []
        let names = diagnosis.proxies.map(\.rawValue).joined(separator: ", ")
        lines.append(names.isEmpty ? "proxies: none that names itself" : "proxies: \(names)")
        for finding in diagnosis.findings {
            let check = finding.check.rawValue.padded(to: 12)
            lines.append("\(finding.verdict.rawValue.padded(to: 8))\(check)\(Terminal.harmless(finding.sentence))")
            guard finding.verdict != .good else { continue }
            // A proxy that does not name itself may be any of them.
            let suspects = diagnosis.proxies.isEmpty ? Proxy.allCases : diagnosis.proxies
            for proxy in suspects {
                guard let remedy = proxy.remedy(for: finding.check) else { continue }
                lines.append("        \(proxy.rawValue): \(remedy)")
            }
        }
        return lines
    }
}
