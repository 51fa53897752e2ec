internal import Telemetry

extension LogOutput {
    /// An output with level and form of the settings.
    convenience init(_ settings: Settings) { self.init(level: settings.logLevel, isJSON: settings.logFormat.isJSON) }

    /// Takes level and form from other settings.
    func apply(_ settings: Settings) { apply(level: settings.logLevel, isJSON: settings.logFormat.isJSON) }
}

extension LogFormat {
    /// Nil for lines on a terminal and JSON elsewhere.
    fileprivate var isJSON: Bool? {
        switch self {
        case .auto: nil
        case .text: false
        case .json: true
        }
    }
}
