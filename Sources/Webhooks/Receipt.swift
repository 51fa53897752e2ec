public import Events

/// What a verified request comes to.
public enum Receipt: Sendable {
    /// An event to append.
    case event(Draft)
    /// Nothing to relay, but the provider waits for just this answer: Daily's test ping, Zoom's challenge.
    case answer(DirectAnswer)
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
