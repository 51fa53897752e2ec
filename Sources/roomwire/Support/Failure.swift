/// Why a command stops: one sentence for whoever called it, and the code that the process exits with.
struct Failure: Error, Equatable {
    let sentence: String
    let exitCode: Int32

    /// The caller asked for something that cannot be done.
    static func invalid(_ sentence: String) -> Failure { Failure(sentence: sentence, exitCode: 2) }

    /// The answer is no, or the world is in the way.
    static func refused(_ sentence: String) -> Failure { Failure(sentence: sentence, exitCode: 1) }
}
