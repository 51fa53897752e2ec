internal import Access
internal import Events
internal import FrontDoor
internal import Journal
internal import Wire

/// What other threads have to say, or to do, before a request is answered.
struct Inquiry {
    /// Which loops are asked.
    enum Loops {
        case all
        /// The one on which a stream of this number would be.
        case owner(ofStream: UInt64)
    }

    /// What the thread of the revocations is asked.
    enum Revoked {
        /// Bring the file up to date.
        case save
        /// Those in force.
        case list
    }

    /// What loops are asked, and which.
    var question: (question: StreamQuestion, loops: Loops)?
    var revocations: Revoked?
    /// An event to append; the closure is called with the outcome, on another thread and whether the request still waits
    /// or not.
    var append: (draft: Draft, done: @Sendable (AppendOutcome) -> Void)?
    /// A change of a membership. The closure that it is given is called when the journal has the change, on another
    /// thread or at once; what it throws refuses the request.
    var member: ((_ done: @escaping @Sendable (MemberAnswer) -> Void) throws(MemberRefusal) -> Void)?
    /// After this time the request is answered with what there is.
    var waitMilliseconds = Limits.gatherMilliseconds
    /// Makes the answer of the parts, and of whether they are all there.
    let finish: (_ parts: [StreamAnswer], _ isComplete: Bool) -> Outcome

    /// What becomes of the request in the end.
    enum Outcome {
        case answer(HTTPResponse)
        case refuse(any Error)
    }
}
