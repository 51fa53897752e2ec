package import Access
internal import Events
package import Journal
package import Wire

/// What one loop asks another about its streams.
package enum StreamQuestion: Sendable {
    /// Some of the streams, for the administrator's list.
    case list(StreamListQuery)
    /// End the streams of a revoked user or token.
    case end(Revocations.Subject)
    /// Close this stream.
    case close(stream: UInt64)
    /// Let this stream live as long as a fresh token.
    case renew(stream: UInt64, by: Identity)
}

/// A part of what a request waits for: from a loop, or from the thread of the revocations.
package enum StreamAnswer: Sendable {
    case streams([StreamEntry])
    /// So many streams were ended.
    case ended(Int)
    case renewed(until: WallTime?)
    /// The fresh token's grant does not cover what the stream receives.
    case notCovered
    case unknownStream
    /// The revocations are in their file; or why not.
    case kept(problem: String?)
    /// What became of the event that the request appends.
    case appended(AppendOutcome)
    /// What a change of a membership came to.
    case member(MemberAnswer)
    /// The revocations in force.
    case revocations([Revocations.Entry])
}
