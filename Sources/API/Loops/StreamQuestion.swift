package import Access
internal import Events
package import Journal
package import Wire

/// What one loop asks another, or orders, about its streams.
package enum StreamQuestion: Sendable {
    /// List the streams that match.
    case list(StreamListQuery)
    /// End the streams of a revoked user or token.
    case end(Revocations.Subject)
    /// Close this stream.
    case close(stream: UInt64)
    /// Extend this stream until the end of a fresh token.
    case renew(stream: UInt64, by: Identity)
}

/// A reply that a request waits for: of a loop, of the thread of the revocations, or of the journal's writer.
package enum StreamAnswer: Sendable {
    case streams([StreamEntry])
    /// The number of streams that were ended.
    case ended(Int)
    case renewed(until: WallTime?)
    /// The grant of the fresh token does not cover what the stream receives.
    case notCovered
    case unknownStream
    /// The revocations are written to their file; `problem` says why not.
    case kept(problem: String?)
    /// The outcome of the event that the request appends.
    case appended(AppendOutcome)
    /// What a change of a membership came to.
    case member(MemberAnswer)
    /// The revocations in force.
    case revocations([Revocations.Entry])
}
