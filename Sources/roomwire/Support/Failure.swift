/// Why a command stops: one sentence for the caller, and the exit code of the process.
struct Failure: Error, Equatable {
    let sentence: String
    let exitCode: Int32

    /// The command's arguments, files or settings are invalid.
    static func invalidInput(_ sentence: String) -> Failure { Failure(sentence: sentence, exitCode: 2) }

    /// The relay refused, or something outside of the command failed.
    static func refused(_ sentence: String) -> Failure { Failure(sentence: sentence, exitCode: 1) }
}
