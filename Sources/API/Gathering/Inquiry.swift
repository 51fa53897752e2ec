internal import Access
internal import Events
internal import FrontDoor
internal import Journal
internal import Wire

/// What other threads are asked, or told to do, before a request is answered.
struct Inquiry {
    /// Which loops to ask.
    enum Loops {
        case all
        /// The loop that owns the stream with this id, if the stream is open.
        case owner(ofStream: UInt64)
    }

    /// What to ask the thread of the revocations.
    enum Revoked {
        /// Write the revocations to their file.
        case save
        /// List the revocations in force.
        case list
    }

    /// The question for the loops.
    var question: (question: StreamQuestion, loops: Loops)?
    var revocations: Revoked?
    /// An event to append. `done` is called with the outcome on another thread, even if the request no longer waits.
    var append: (draft: Draft, done: @Sendable (AppendOutcome) -> Void)?
    /// Changes a membership. Its argument is called when the journal has the change, on another thread or at once. If it
    /// throws, the request is refused.
    var member: ((_ done: @escaping @Sendable (MemberAnswer) -> Void) throws(MemberRefusal) -> Void)?
    /// The deadline: after this time the request is answered with the replies that have arrived.
    var waitMilliseconds = Limits.gatherMilliseconds
    /// Makes the answer from the replies. `isComplete` is false at the deadline.
    let finish: (_ parts: [StreamAnswer], _ isComplete: Bool) -> Outcome

    /// How the request is answered.
    enum Outcome {
        case answer(HTTPResponse)
        case refuse(any Error)
    }
}
