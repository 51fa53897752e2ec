internal import Wire

extension EventType {
    /// The words with which the types begin that the relay assigns, now or in a later version.
    private static let families: [WireText] = [
        "room_", "participant_", "track_", "recording_", "stream_", "ingress_", "transcript_", "agent_job_",
        "batch_job_", "call_", "assistant_", "member_",
    ]

    /// Whether clients may not publish events of this type: subscribers rely on it that the relay, or a provider,
    /// tells of rooms, participants, members and so on.
    package var isReservedForRelay: Bool {
        isReserved || self == .unknown || Self.families.contains { rawValue.hasPrefix($0) }
    }
}
