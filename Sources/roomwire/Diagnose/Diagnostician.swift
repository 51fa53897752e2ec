internal import Events
internal import Foundation
internal import FoundationNetworking

/// Asks for a diagnostic stream, watches what comes, and says what is wrong between here and the relay.
struct Diagnostician {
    let url: RelayURL
    let token: @Sendable () async throws -> String

    /// Silence beyond what a diagnosis has planned: then the other side is gone without a word.
    private static let patienceSeconds: Double = 60
    /// The longest silence that can be planned; see the route's limits.
    private static let longestQuietSeconds: Double = 600

    /// Runs it and prints the verdicts.
    /// - Returns: true if there is nothing to mend.
    func run() async throws -> Bool {
        var request = URLRequest(url: try url.url("/diag/stream"))
        request.timeoutInterval = Self.longestQuietSeconds + Self.patienceSeconds
        request.setValue("roomwire", forHTTPHeaderField: "User-Agent")
        request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
        request.setValue("Bearer \(try await token())", forHTTPHeaderField: "Authorization")
        let run: DiagnosticRun
        do {
            run = try await Self.watch(request)
        } catch let error as URLError {
            throw Failure.refused("cannot reach \(url.text): \(Follower.sentence(error))")
        }
        let diagnosis = Diagnosis(run)
        for line in Self.lines(diagnosis) { Terminal.line(line) }
        return !diagnosis.hasProblem
    }

    private static func watch(_ request: URLRequest) async throws -> DiagnosticRun {
        var run = DiagnosticRun()
        let clock = ContinuousClock()
        let began = clock.now
        func now() -> Int64 { Int64((clock.now - began) / .milliseconds(1)) }
        var parser = EventStreamParser(lastEventID: nil)
        var refusal: Refusal?
        do {
            for try await part in StreamedResponse(request).parts {
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
                        if isFirst, run.opening != nil { announce(run) }
                    }
                }
            }
        } catch let error as URLError where !run.headers.isEmpty {
            // The stream broke; that is a finding.
            _ = error
        }
        run.endedAt = now()
        if let refusal { throw Failure.refused(refusal.sentence) }
        return run
    }

    private static func announce(_ run: DiagnosticRun) {
        let steady = Int64(run.plannedFrames) * run.intervalMilliseconds
        Terminal.notice("connected; watching for \((steady + run.quietMilliseconds + 999) / 1000) s")
    }

    /// The verdicts for people, each with what to do about it.
    static func lines(_ diagnosis: Diagnosis) -> [String] {
        var lines: [String] = []
        let names = diagnosis.proxies.map(\.rawValue).joined(separator: ", ")
        lines.append(names.isEmpty ? "between: nothing that says so" : "between: \(names)")
        for finding in diagnosis.findings {
            let check = finding.check.rawValue.padded(to: 12)
            lines.append("\(finding.verdict.rawValue.padded(to: 8))\(check)\(Terminal.harmless(finding.sentence))")
            guard finding.verdict != .good else { continue }
            // Whoever does not say who he is may be any of them.
            let suspects = diagnosis.proxies.isEmpty ? Proxy.allCases : diagnosis.proxies
            for proxy in suspects {
                guard let remedy = proxy.remedy(for: finding.check) else { continue }
                lines.append("        \(proxy.rawValue): \(remedy)")
            }
        }
        return lines
    }
}
