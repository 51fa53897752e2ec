internal import API
internal import Access
internal import Journal
internal import Settings

extension Relay {
    /// True if an error of ``start(settings:demo:reload:)`` will occur again at every start until an operator changes
    /// something: settings, files or limits.
    package static func needsOperator(_ error: any Error) -> Bool {
        switch error {
        case is SettingsError, is TokenSettingsError, is OriginError, is RelayError,
            is CanaryError, is RevocationFileError:
            true
        case let error as DataFolderError: !error.mayPass
        case let error as JournalError: error.needsOperator
        default: false
        }
    }
}
