/// In which of Prometheus' two formats the metrics page is written.
package enum MetricsFormat {
    /// Prometheus' text format, version 0.0.4: what everybody gets who does not ask for the other one.
    case text
    /// OpenMetrics, version 1.0.0.
    case openMetrics

    /// The answer's `Content-Type`.
    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}
