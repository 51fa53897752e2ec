internal import Events
internal import Glibc
internal import Wire

/// An event as one line for people: time, room, type, and its participant, track or recording.
struct EventLine {
    let usesColours: Bool
    /// A time of day as text.
    let timeText: @Sendable (WallTime) -> String

    /// The widths that keep most lines in columns; longer texts shift the rest.
    private static let roomWidth = 20
    private static let typeWidth = 22

    /// The line, without characters that could control a terminal.
    func text(_ event: Event) -> String {
        let room = Terminal.harmless(event.room?.string ?? "-").padded(to: Self.roomWidth)
        let type = Terminal.harmless(event.type.rawValue.string).padded(to: Self.typeWidth)
        let about = Terminal.harmless(Self.about(event))
        let columns = [dim(timeText(event.timestamp)), bold(room), colour(type, event.type), about]
        return String(columns.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }

    /// The participant, track or recording, with durations and marks.
    private static func about(_ event: Event) -> String {
        var parts: [String] = []
        if let participant = event.data.participant { parts.append(who(participant)) }
        if let track = event.data.track { parts.append(what(track)) }
        if let recording = event.data.recording { parts.append(what(recording)) }
        if let reason = event.data.participant?.leaveReason { parts.append("(\(reason))") }
        if let reason = event.data.room?.endReason { parts.append("(\(reason))") }
        let seconds = event.data.participant?.durationSeconds ?? event.data.room?.durationSeconds
        if let seconds { parts.append("after \(duration(seconds))") }
        if event.type == .unknown, let name = event.data.providerEvent { parts.append("named \(name)") }
        if parts.isEmpty && !event.data.other.isEmpty { parts.append(excerpt(event.data.other)) }
        if event.isSynthetic { parts.append("[synthetic]") }
        if event.isLate { parts.append("[late]") }
        if event.isUntracked { parts.append("[untracked]") }
        return parts.joined(separator: " ")
    }

    private static func who(_ participant: Participant) -> String {
        let identity = participant.identity ?? participant.id
        let name =
            participant.name.flatMap { $0.isEmpty || $0 == identity ? nil : "\($0) (\(identity))" } ?? identity.string
        return participant.kind == Participant.standardKind ? name : "\(name) [\(participant.kind)]"
    }

    private static func what(_ track: Track) -> String {
        [(track.source ?? track.kind).string, track.name.map { "\"\($0)\"" }, track.muted ? "muted" : nil]
            .compactMap { $0 }.joined(separator: " ")
    }

    private static func what(_ recording: Recording) -> String {
        [recording.id, recording.status, recording.error].compactMap { $0?.string }.joined(separator: " ")
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int64(exactly: seconds.rounded()) ?? 0
        if whole < 60 { return "\(whole)s" }
        return whole < 3600 ? "\(whole / 60)m\(whole % 60)s" : "\(whole / 3600)h\(whole / 60 % 60)m"
    }

    /// The beginning of a sender's own data.
    private static func excerpt(_ data: JSONObject) -> String {
        let text = JSONWriter.text { $0.value(.object(data)) }
        return text.count <= 120 ? text : text.prefix(119) + "…"
    }

    private func dim(_ text: String) -> String { paint(text, "2") }
    private func bold(_ text: String) -> String { paint(text, "1") }

    private func colour(_ text: String, _ type: EventType) -> String {
        let name = type.rawValue
        if name.hasSuffix("_failed") || name.hasSuffix("_aborted") { return paint(text, "31") }
        if name.hasSuffix("_joined") || name.hasSuffix("_started") || name.hasSuffix("_published") {
            return paint(text, "32")
        }
        return paint(text, "36")
    }

    private func paint(_ text: String, _ code: String) -> String {
        usesColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Hours, minutes and seconds in the machine's time zone.
    @Sendable static func localTime(_ time: WallTime) -> String {
        var seconds = time_t(time.milliseconds / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let fields: [Int32] = [parts.tm_hour, parts.tm_min, parts.tm_sec]
        return fields.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
