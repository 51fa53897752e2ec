public import Events

/// What a verified request comes to.
public enum Receipt: Sendable {
    /// An event to append.
    case event(Draft)
    /// Several events that one change comes to, in this order: a row that moves tells the room that it leaves, and the
    /// room that it comes to.
    case events([Draft])
    /// Nothing to relay, but the provider waits for just this answer: Daily's test ping, Zoom's challenge.
    case answer(DirectAnswer)
}

extension Receipt {
    /// The draft of its event, of several the last one's.
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
    /// The status, 200 as a rule.
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
