package import Events
internal import Wire

/// The result of a verified request.
package enum Receipt: Sendable {
    /// An event to append.
    case event(Draft)
    /// Several events of one change, in this order: a moved row leads to one event for the room that it leaves and one
    /// for the room that it enters.
    case events([Draft])
    /// No event, but the provider requires this answer: Daily's test ping, Zoom's challenge.
    case answer(DirectAnswer)
}

extension Receipt {
    /// The draft of its event; of several events the last one's.
    package var lastDraft: Draft? {
        switch self {
        case .event(let draft): draft
        case .events(let drafts): drafts.last
        case .answer: nil
        }
    }
}

/// An answer given at once instead of an event.
package struct DirectAnswer: Sendable, Equatable {
    /// The status, usually 200.
    package var status: Int
    /// The content type, if there is a body.
    package var contentType: String?
    /// The body.
    package var body: [UInt8]

    /// An answer, empty unless given a body.
    package init(status: Int = 200, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}
