/// What happened: `room_started`, `participant_joined`, … or whatever a `standard` source names.
public struct EventType: RawRepresentable, Sendable, Hashable {
    /// The name as it stands in the event's `type`.
    public let rawValue: String

    /// A type of this name. A name from outside is checked with ``init(checking:)``.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A type named by a sender: letters, digits, `_`, `.` and `-`, 1 to 64 of them.
    public init?(checking name: String) {
        let isAllowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isAllowed, (1...64).contains(name.utf8.count) else { return nil }
        rawValue = name
    }

    public static let roomStarted = EventType(rawValue: "room_started")
    public static let roomFinished = EventType(rawValue: "room_finished")
    public static let participantJoined = EventType(rawValue: "participant_joined")
    public static let participantLeft = EventType(rawValue: "participant_left")
    public static let participantConnectionAborted = EventType(rawValue: "participant_connection_aborted")
    public static let participantWaiting = EventType(rawValue: "participant_waiting")
    public static let participantWaitingLeft = EventType(rawValue: "participant_waiting_left")
    public static let trackPublished = EventType(rawValue: "track_published")
    public static let trackUnpublished = EventType(rawValue: "track_unpublished")
    public static let recordingStarted = EventType(rawValue: "recording_started")
    public static let recordingUpdated = EventType(rawValue: "recording_updated")
    public static let recordingEnded = EventType(rawValue: "recording_ended")
    public static let recordingReady = EventType(rawValue: "recording_ready")
    public static let recordingFailed = EventType(rawValue: "recording_failed")
    public static let streamStarted = EventType(rawValue: "stream_started")
    public static let streamUpdated = EventType(rawValue: "stream_updated")
    public static let streamEnded = EventType(rawValue: "stream_ended")
    public static let streamFailed = EventType(rawValue: "stream_failed")
    public static let ingressStarted = EventType(rawValue: "ingress_started")
    public static let ingressEnded = EventType(rawValue: "ingress_ended")
    public static let transcriptStarted = EventType(rawValue: "transcript_started")
    public static let transcriptReady = EventType(rawValue: "transcript_ready")
    public static let transcriptFailed = EventType(rawValue: "transcript_failed")
    public static let agentJobStarted = EventType(rawValue: "agent_job_started")
    public static let agentJobEnded = EventType(rawValue: "agent_job_ended")
    /// Daily's batch processor: `data.job`.
    public static let batchJobFinished = EventType(rawValue: "batch_job_finished")
    public static let batchJobFailed = EventType(rawValue: "batch_job_failed")
    /// Somebody called for an assistant in a Whereby room.
    public static let assistantRequested = EventType(rawValue: "assistant_requested")
    /// A verified webhook whose event name this version does not know.
    public static let unknown = EventType(rawValue: "unknown")
}
