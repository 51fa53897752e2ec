package import Events
internal import Wire

/// One thing in which the relay and a provider disagree.
struct Difference: Sendable, Hashable {
    /// The type of the event that would end the disagreement.
    let type: EventType
    /// The id of the room's session, of the participant, or of the track. The room's name and time where a session has
    /// no id.
    let subject: WireText
}

/// What is known about a difference.
struct Observation: Sendable {
    /// When it was first seen, by the clock that never steps.
    let since: SteadyTime
    /// The same moment by the provider's clock: it is when the subject was missed.
    let missedAt: WallTime
    /// How many events were appended, or dropped as duplicates, without ending it.
    var attempts = 0

    /// A provider and a relay that still disagree after so many events will not agree after another one.
    static let mostAttempts = 2
}

/// A draft that would end a difference.
package struct Correction: Sendable {
    /// The draft, conditional on its room.
    package let draft: Draft
    let room: WireText
    let difference: Difference
}
