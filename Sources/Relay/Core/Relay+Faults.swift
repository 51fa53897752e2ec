internal import API
internal import Access
internal import Journal
internal import Settings

extension Relay {
    /// Whether an error of ``start(settings:demo:reload:)`` stays until an operator does something: settings, files or
    /// limits that cannot be used. Another start would meet it again.
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
