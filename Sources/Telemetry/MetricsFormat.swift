/// The two formats of the metrics page.
package enum MetricsFormat {
    /// Prometheus' text format, version 0.0.4: the default.
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
