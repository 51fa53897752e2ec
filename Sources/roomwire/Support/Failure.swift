/// Why a command stops: one sentence for the user, and the exit code of the process.
struct Failure: Error, Equatable {
    let sentence: String
    let exitCode: Int32

    /// The arguments, a file or the settings cannot be used: exit code 2.
    static func invalid(_ sentence: String) -> Failure { Failure(sentence: sentence, exitCode: 2) }

    /// The relay refuses, or cannot be reached: exit code 1.
    static func refused(_ sentence: String) -> Failure { Failure(sentence: sentence, exitCode: 1) }
}
