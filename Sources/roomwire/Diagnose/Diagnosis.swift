internal import Events
internal import Wire

/// What the proxies between the relay and this machine do to streams, judged by one diagnostic stream.
struct Diagnosis: Equatable {
    /// A property that is checked.
    enum Check: String, CaseIterable {
        case buffering
        case cutting
        case compression
        case headers
        case protocolVersion = "protocol"
    }

    /// The result of one check.
    struct Finding: Equatable {
        enum Verdict: String {
            case good = "ok"
            /// Streams work, with a disadvantage.
            case note = "note"
            /// Streams are late, in bursts, or do not arrive.
            case problem = "PROBLEM"
        }

        let check: Check
        let verdict: Verdict
        let sentence: String
    }

    let findings: [Finding]
    /// The proxies that name themselves in headers.
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

    /// The clocks of both ends differ by the same time for all frames, so frames are compared with the fastest one.
    private static func buffering(_ run: DiagnosticRun) -> Finding {
        let steady = run.arrivals.filter { $0.sequence <= run.plannedFrames }
        guard let quickest = steady.map({ $0.receivedAt - $0.sentAt }).min(), steady.count > 1 else {
            return Finding(
                check: .buffering, verdict: .problem,
                sentence: "no frame arrived before the connection ended: everything is held back, or lost")
        }
        let latest = steady.map { $0.receivedAt - $0.sentAt - quickest }.max() ?? 0
        // A network stalls now and then; a buffer holds back several frames.
        guard latest >= max(3 * run.intervalMilliseconds, 400) else {
            return Finding(
                check: .buffering, verdict: .good,
                sentence: "frames arrive one by one, at most \(latest) ms later than the fastest")
        }
        let lump = Dictionary(grouping: steady) { $0.receivedAt / 50 }.values.map(\.count).max() ?? 0
        return Finding(
            check: .buffering, verdict: .problem,
            sentence: "frames sent every \(run.intervalMilliseconds) ms arrived up to \(seconds(latest)) late, "
                + "\(lump) of them at once: a proxy buffers the stream")
    }

    private static func cutting(_ run: DiagnosticRun) -> Finding {
        guard !run.hasEnd else {
            return Finding(
                check: .cutting, verdict: .good,
                sentence:
                    "the connection outlasts \(seconds(run.quietMilliseconds)) of silence, as between two heartbeats")
        }
        let isQuiet = run.arrivals.contains { $0.sequence > run.plannedFrames }
        let last = run.arrivals.last?.receivedAt ?? run.openingAt ?? run.endedAt
        let lapse = seconds(max(0, run.endedAt - last))
        return Finding(
            check: .cutting, verdict: .problem,
            sentence: isQuiet
                ? "the connection was cut after \(lapse) of silence; the heartbeat is sent every "
                    + "\(seconds(run.quietMilliseconds))"
                : "the connection was cut \(lapse) after the last frame, in the middle of the stream")
    }

    private static func compression(_ run: DiagnosticRun) -> Finding {
        guard let coding = run.headers["content-encoding"], coding != "identity" else {
            return Finding(check: .compression, verdict: .good, sentence: "nothing compresses the stream")
        }
        return Finding(
            check: .compression, verdict: .problem,
            sentence: "the stream is compressed (Content-Encoding: \(coding)): a compressor holds events back until "
                + "its block is full, unless it flushes each event")
    }

    private static func headers(_ run: DiagnosticRun) -> Finding {
        if let length = run.headers["content-length"] {
            return Finding(
                check: .headers, verdict: .problem,
                sentence:
                    "the answer has a Content-Length (\(length)), which no stream has: a proxy read it to its end "
                    + "before passing it on")
        }
        let kept = run.headers["cache-control"] ?? ""
        guard kept.contains("no-store") else {
            let now = kept.isEmpty ? "was removed" : "was changed to \(kept)"
            return Finding(
                check: .headers, verdict: .problem, sentence: "Cache-Control: no-store \(now): a cache may keep streams"
            )
        }
        return Finding(check: .headers, verdict: .good, sentence: "the answer has the headers of a live stream")
    }

    private static func version(_ run: DiagnosticRun) -> Finding {
        guard run.requestHeader("httpVersion") == "1.0" else {
            return Finding(check: .protocolVersion, verdict: .good, sentence: "the relay receives HTTP/1.1")
        }
        return Finding(
            check: .protocolVersion, verdict: .note,
            sentence: "the relay receives HTTP/1.0: each webhook needs a new connection")
    }
}
