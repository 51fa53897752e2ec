import Access
import Events
import Foundation
import Telemetry
import Testing
import Wire

@testable import API

/// Every reason for which the API refuses a request is met here by a request, and the list of reasons is the code's.
@Suite struct RefusalTests {
    private static let cases: [RefusedCase] =
        RefusedTokens.cases + RefusedStreams.cases + RefusedPresence.cases + RefusedWebhooks.cases
        + RefusedRequests.cases

    @Test(arguments: cases.map(\.name))
    func aRequestThatIsRefusedIsToldWhy(name: String) throws {
        let refused = try #require(Self.cases.first { $0.name == name })
        let exchange = try refused.meet()
        #expect(exchange.status == refused.status)
        #expect(exchange.reason == refused.reason)
        #expect(exchange.header("Content-Type") == "application/problem+json")
        #expect(exchange.json.object?["detail"]?.string?.isEmpty == false)
        // Trying again later helps with these, and with no other.
        let mayPass = [429, 503].contains(refused.status)
        #expect((exchange.header("Retry-After") != nil) == mayPass)
    }

    @Test func everyReasonInTheCodeIsMet() throws {
        var reasons = AccessRefusal.Reason.allCases.map { "token \($0.rawValue)" }
        reasons += CapDecision.Reason.allCases.map { "stream cap \($0.rawValue)" }
        reasons += try Self.casesOfStreamRefusal().map { "stream \($0)" }
        reasons += PresenceRefusal.Reason.allCases.map { "presence \($0.rawValue)" }
        reasons += WebhookRefusal.allCases.map { "webhook \($0.label)" }
        reasons += try Self.literals().map { "request \($0)" }
        #expect(Set(Self.cases.map(\.name)) == Set(reasons))
        #expect(Set(Self.cases.map(\.name)).count == Self.cases.count)
    }

    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/API")

    /// The cases of `StreamRefusal` but for the caps, which have reasons of their own.
    private static func casesOfStreamRefusal() throws -> [String] {
        let file = sources.appending(path: "Messages/StreamRefusal.swift")
        let text = try String(contentsOf: file, encoding: .utf8)
        let cases = try #require(text.components(separatedBy: "enum Reason").first)
        return cases.matches(of: /\n    case (\w+)/).map { String($0.output.1) }.filter { $0 != "cap" }
    }

    /// The reasons that are written out where a problem is made.
    private static func literals() throws -> Set<String> {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: sources.path).filter { $0.hasSuffix(".swift") }
        var found: Set<String> = []
        for path in paths {
            let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
            for match in text.matches(of: /(?:Problem\(\s*\d+,|unavailable\(|reason:)\s*"([a-z_]+)"/) {
                found.insert(String(match.output.1))
            }
        }
        return found
    }
}

/// A request that is refused, and what it is told.
struct RefusedCase: Sendable {
    /// What is refused, and the reason: `token expired`.
    let name: String
    /// The status of the answer.
    let status: Int
    /// The reason in the answer.
    let reason: WireText
    /// Sends the request.
    let meet: @Sendable () throws -> TestExchange

    init(
        _ kind: String, _ reason: WireText, _ status: Int, says: WireText? = nil,
        _ meet: @escaping @Sendable () throws -> TestExchange
    ) {
        name = "\(kind) \(reason)"
        self.status = status
        self.reason = says ?? reason
        self.meet = meet
    }
}
