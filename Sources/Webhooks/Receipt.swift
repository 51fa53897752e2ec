public import Events

/// The result of a verified request.
public enum Receipt: Sendable {
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
    public var lastDraft: Draft? {
        switch self {
        case .event(let draft): draft
        case .events(let drafts): drafts.last
        case .answer: nil
        }
    }
}

/// An answer given at once instead of an event.
public struct DirectAnswer: Sendable, Equatable {
    /// The status, usually 200.
    public var status: Int
    /// The content type, if there is a body.
    public var contentType: String?
    /// The body.
    public var body: [UInt8]

    /// An answer, empty unless given a body.
    public init(status: Int = 200, contentType: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}
