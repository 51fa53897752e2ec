internal import Events
internal import Wire

/// What whatever lies between the relay and this machine does to streams, by what came of a diagnostic one.
struct Diagnosis: Equatable {
    /// Something that was looked at.
    enum Check: String, CaseIterable {
        case buffering
        case cutting
        case compression
        case headers
        case protocolVersion = "protocol"
    }

    /// What was found of one of them.
    struct Finding: Equatable {
        enum Verdict: String {
            case good = "ok"
            /// Streams work, and something could be better.
            case note = "note"
            /// Streams come late, in lumps or not at all.
            case problem = "PROBLEM"
        }

        let check: Check
        let verdict: Verdict
        let sentence: String
    }

    let findings: [Finding]
    /// What lies between, as far as it says so.
    let proxies: [Proxy]

    var hasProblem: Bool { findings.contains { $0.verdict == .problem } }

    init(_ run: DiagnosticRun) {
        proxies = Proxy.named(by: run)
        findings = [
            Self.buffering(run), Self.cutting(run), Self.compression(run), Self.headers(run), Self.version(run),
        ]
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// The clocks of both ends differ by some time that is the same for all frames: what counts is how much longer
    /// some took than others.
    private static func buffering(_ run: DiagnosticRun) -> Finding {
        let steady = run.arrivals.filter { $0.sequence <= run.plannedFrames }
        guard let quickest = steady.map({ $0.receivedAt - $0.sentAt }).min(), steady.count > 1 else {
            return Finding(
                check: .buffering, verdict: .problem,
                sentence: "no frame came before the connection ended: everything is held back, or lost")
        }
        let latest = steady.map { $0.receivedAt - $0.sentAt - quickest }.max() ?? 0
        // A network stalls now and then; a buffer holds back several frames.
        guard latest >= max(3 * run.intervalMilliseconds, 400) else {
            return Finding(
                check: .buffering, verdict: .good,
                sentence: "frames come one by one, at most \(latest) ms later than the quickest")
        }
        let lump = Dictionary(grouping: steady) { $0.receivedAt / 50 }.values.map(\.count).max() ?? 0
        return Finding(
            check: .buffering, verdict: .problem,
            sentence: "frames sent every \(run.intervalMilliseconds) ms came up to \(seconds(latest)) late, "
                + "\(lump) of them at once: something gathers bytes before it passes them on")
    }

    private static func cutting(_ run: DiagnosticRun) -> Finding {
        guard !run.hasEnd else {
            return Finding(
                check: .cutting, verdict: .good,
                sentence: "\(seconds(run.quietMilliseconds)) of silence, as between two heartbeats, were let pass")
        }
        let isQuiet = run.arrivals.contains { $0.sequence > run.plannedFrames }
        let last = run.arrivals.last?.receivedAt ?? run.openingAt ?? run.endedAt
        let lapse = seconds(max(0, run.endedAt - last))
        return Finding(
            check: .cutting, verdict: .problem,
            sentence: isQuiet
                ? "the connection was cut after \(lapse) of silence; the heartbeat comes every "
                    + "\(seconds(run.quietMilliseconds))"
                : "the connection was cut \(lapse) after the last frame, in the middle of the stream")
    }

    private static func compression(_ run: DiagnosticRun) -> Finding {
        guard let coding = run.headers["content-encoding"], coding != "identity" else {
            return Finding(check: .compression, verdict: .good, sentence: "nothing compresses the stream")
        }
        return Finding(
            check: .compression, verdict: .problem,
            sentence: "the stream is compressed (Content-Encoding: \(coding)): a compressor keeps events back until "
                + "it has enough of them, unless it is made to flush each")
    }

    private static func headers(_ run: DiagnosticRun) -> Finding {
        if let length = run.headers["content-length"] {
            return Finding(
                check: .headers, verdict: .problem,
                sentence: "the answer has a Content-Length (\(length)), which no stream has: it was read to its end "
                    + "before it was passed on")
        }
        let kept = run.headers["cache-control"] ?? ""
        guard kept.contains("no-store") else {
            let now = kept.isEmpty ? "is gone" : "became \(kept)"
            return Finding(
                check: .headers, verdict: .problem, sentence: "Cache-Control: no-store \(now): a cache may keep streams"
            )
        }
        return Finding(check: .headers, verdict: .good, sentence: "the answer's headers say that it is a live stream")
    }

    private static func version(_ run: DiagnosticRun) -> Finding {
        guard run.requestHeader("httpVersion") == "1.0" else {
            return Finding(check: .protocolVersion, verdict: .good, sentence: "the relay is asked with HTTP/1.1")
        }
        return Finding(
            check: .protocolVersion, verdict: .note,
            sentence: "the relay is asked with HTTP/1.0: each webhook needs a connection of its own")
    }
}
