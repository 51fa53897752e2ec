package import Wire

/// The type of an event: `room_started`, `participant_joined`, …, or a name chosen by a `standard` sender.
package struct EventType: RawRepresentable, Sendable, Hashable {
    /// The name, as in the event's `type`.
    package let rawValue: WireText

    /// A type with this name. Check a name from outside with ``init(checking:)``.
    package init(rawValue: WireText) {
        self.rawValue = rawValue
    }

    /// A type named by a sender: 1 to 64 letters, digits, `_`, `.` and `-`; nil for anything else.
    package init?(checking name: WireText) {
        let isAllowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isAllowed, (1...64).contains(name.byteCount) else { return nil }
        rawValue = name
    }

    /// A room opened.
    package static let roomStarted = EventType(rawValue: "room_started")
    /// A room closed.
    package static let roomFinished = EventType(rawValue: "room_finished")
    /// A participant joined.
    package static let participantJoined = EventType(rawValue: "participant_joined")
    /// A participant left.
    package static let participantLeft = EventType(rawValue: "participant_left")
    /// A participant's connection ended before they had joined.
    package static let participantConnectionAborted = EventType(rawValue: "participant_connection_aborted")
    /// A participant waits to be admitted.
    package static let participantWaiting = EventType(rawValue: "participant_waiting")
    /// A participant no longer waits: admitted, refused, or gone.
    package static let participantWaitingLeft = EventType(rawValue: "participant_waiting_left")
    /// A track was published.
    package static let trackPublished = EventType(rawValue: "track_published")
    /// A track was unpublished.
    package static let trackUnpublished = EventType(rawValue: "track_unpublished")
    /// A recording began.
    package static let recordingStarted = EventType(rawValue: "recording_started")
    /// A recording changed its state.
    package static let recordingUpdated = EventType(rawValue: "recording_updated")
    /// A recording ended.
    package static let recordingEnded = EventType(rawValue: "recording_ended")
    /// A recording can be downloaded.
    package static let recordingReady = EventType(rawValue: "recording_ready")
    /// A recording failed.
    package static let recordingFailed = EventType(rawValue: "recording_failed")
    /// A live stream to another service began.
    package static let streamStarted = EventType(rawValue: "stream_started")
    /// A live stream changed its state.
    package static let streamUpdated = EventType(rawValue: "stream_updated")
    /// A live stream ended.
    package static let streamEnded = EventType(rawValue: "stream_ended")
    /// A live stream failed.
    package static let streamFailed = EventType(rawValue: "stream_failed")
    /// Media from outside began to flow into a room.
    package static let ingressStarted = EventType(rawValue: "ingress_started")
    /// Media from outside ended.
    package static let ingressEnded = EventType(rawValue: "ingress_ended")
    /// A transcript began.
    package static let transcriptStarted = EventType(rawValue: "transcript_started")
    /// A transcript can be downloaded.
    package static let transcriptReady = EventType(rawValue: "transcript_ready")
    /// A transcript failed.
    package static let transcriptFailed = EventType(rawValue: "transcript_failed")
    /// An agent's job began.
    package static let agentJobStarted = EventType(rawValue: "agent_job_started")
    /// An agent's job ended.
    package static let agentJobEnded = EventType(rawValue: "agent_job_ended")
    /// A batch job of Daily finished: `data.job`.
    package static let batchJobFinished = EventType(rawValue: "batch_job_finished")
    /// A batch job of a provider failed.
    package static let batchJobFailed = EventType(rawValue: "batch_job_failed")
    /// A participant requested an assistant in a Whereby room.
    package static let assistantRequested = EventType(rawValue: "assistant_requested")
    /// A verified webhook whose event name this version does not know.
    package static let unknown = EventType(rawValue: "unknown")

    /// Every type that the relay assigns to providers' events, except those of calls (`call_…`).
    package static let known: [EventType] = [
        .roomStarted, .roomFinished, .participantJoined, .participantLeft, .participantConnectionAborted,
        .participantWaiting, .participantWaitingLeft, .trackPublished, .trackUnpublished, .recordingStarted,
        .recordingUpdated, .recordingEnded, .recordingReady, .recordingFailed, .streamStarted, .streamUpdated,
        .streamEnded, .streamFailed, .ingressStarted, .ingressEnded, .transcriptStarted, .transcriptReady,
        .transcriptFailed, .agentJobStarted, .agentJobEnded, .batchJobFinished, .batchJobFailed, .assistantRequested,
        .memberJoined, .memberUpdated, .memberLeft, .unknown,
    ]
}
