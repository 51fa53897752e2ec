/// In which of Prometheus' two formats the metrics page is written.
enum MetricsFormat {
    /// Prometheus' text format, version 0.0.4: what everybody gets who does not ask for the other one.
    case text
    /// OpenMetrics, version 1.0.0.
    case openMetrics

    /// The answer's `Content-Type`.
    var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What the header `Accept` prefers. Only a client that names OpenMetrics in version 1.0.0, or in no version, gets
    /// it, and only if it gives plain text no greater weight.
    init(accept: String?) {
        self = .text
        guard let accept, accept.utf8.count <= Self.largestAcceptBytes else { return }
        var openMetrics = 0.0
        var text = 0.0
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
            let parameters = parts.dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(\.trimmed) }
            func value(_ name: String) -> String? { parameters.first { $0.count == 2 && $0[0] == name }?[1] }
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
    private static func weight(_ text: String?) -> Double? {
        guard let text else { return 1 }
        guard text.utf8.count <= 5, let weight = Double(text), (0...1).contains(weight) else { return nil }
        return weight
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
