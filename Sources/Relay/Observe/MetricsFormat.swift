internal import Telemetry
internal import Wire

extension MetricsFormat {
    /// What the header `Accept` prefers. Only a client that names OpenMetrics in version 1.0.0, or in no version, gets
    /// it, and only if it gives plain text no greater weight.
    init(accept: WireText?) {
        self = .text
        guard let accept, accept.byteCount <= Self.largestAcceptBytes else { return }
        var openMetrics = 0.0
        var text = 0.0
        for range in accept.split(at: UInt8(ascii: ",")) {
            let parts = range.split(at: UInt8(ascii: ";")).map { $0.trimmingBlanks().asciiLowercased() }
            let parameters = parts.dropFirst().map { part in
                part.split(at: UInt8(ascii: "="), maxSplits: 1).map { $0.trimmingBlanks() }
            }
            func value(_ name: WireText) -> WireText? { parameters.first { $0.count == 2 && $0[0] == name }?[1] }
            guard let weight = Self.weight(value("q")) else { continue }
            switch parts.first {
            case "application/openmetrics-text" where ["1.0.0", nil].contains(value("version")):
                openMetrics = max(openMetrics, weight)
            case "text/plain": text = max(text, weight)
            default: break
            }
        }
        if openMetrics > 0 && openMetrics >= text { self = .openMetrics }
    }

    /// Prometheus' own is about 300 bytes.
    private static let largestAcceptBytes = 2048

    /// A q-value of RFC 9110, section 12.4.2; nil if it is none.
    private static func weight(_ text: WireText?) -> Double? {
        guard let text else { return 1 }
        guard text.byteCount <= 5, let weight = Double(text.string), (0...1).contains(weight) else { return nil }
        return weight
    }
}
