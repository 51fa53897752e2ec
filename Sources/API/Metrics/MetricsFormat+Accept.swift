internal import Telemetry
internal import Wire

extension MetricsFormat {
    /// The format that the header `Accept` prefers. OpenMetrics is for clients that name it, in version 1.0.0 or
    /// without a version, and give plain text no greater weight.
    init(accept: WireText?) {
        self = .text
        guard let accept, accept.byteCount <= Self.largestAcceptBytes, let header = try? AcceptHeader([accept]) else {
            return
        }
        func weight(_ admits: (AcceptHeader.Range) -> Bool) -> Int {
            header.ranges.filter { admits($0) && !$0.hasWrongWeight }.map { $0.givenWeight ?? 1000 }.max() ?? 0
        }
        let openMetrics = weight {
            $0.type == "application" && $0.subtype == "openmetrics-text" && ["1.0.0", nil].contains($0.version)
        }
        let text = weight { $0.type == "text" && $0.subtype == "plain" }
        if openMetrics > 0 && openMetrics >= text { self = .openMetrics }
    }

    /// The header that Prometheus sends has about 300 bytes.
    private static let largestAcceptBytes = 2048
}
