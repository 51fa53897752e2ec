internal import Settings
internal import Telemetry

extension LogOutput {
    /// An output with the level and format of the settings.
    convenience init(_ settings: Settings) { self.init(level: settings.logLevel, isJSON: settings.logFormat.isJSON) }

    /// Changes level and format to those of other settings.
    func apply(_ settings: Settings) { apply(level: settings.logLevel, isJSON: settings.logFormat.isJSON) }
}

extension LogFormat {
    /// Nil for text on a terminal and JSON elsewhere.
    fileprivate var isJSON: Bool? {
        switch self {
        case .auto: nil
        case .text: false
        case .json: true
        }
    }
}
