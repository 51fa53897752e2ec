package import Events
package import Wire

/// A provider whose API says who is in which room. It decides which requests to send and what an answer means, and does
/// no I/O.
package protocol Reconcilable: Provider {
    /// The base address of the provider's API where it is the same for every customer; nil if the settings must have it.
    static var usualAddress: String? { get }

    /// What is wrong with the settings of reconciliation; nil if they can be used.
    func problem(with settings: ReconcileSettings) -> ProviderSettingsError?

    /// The request that asks a question.
    /// - Parameter now: the provider's time, as far as it is known; credentials are made for a minute from then.
    func request(_ question: ReconcileQuestion, _ settings: ReconcileSettings, now: WallTime) -> ReconcileRequest

    /// Reads the answer to ``ReconcileQuestion/rooms``.
    func rooms(in answer: [UInt8]) throws(UnusableAnswer) -> [ListedRoom]

    /// Reads the answer to ``ReconcileQuestion/participants(room:)``.
    func participants(in answer: [UInt8]) throws(UnusableAnswer) -> Presence

    /// What an operator may do about a refused request, as the end of a sentence; nil if nothing special is known.
    func advice(status: Int, _ question: ReconcileQuestion) -> String?

    /// Whether the provider's API lists such a participant. Of others it is not known whether they left.
    func lists(_ participant: Participant) -> Bool

    /// The event without secrets, as if it had come in a webhook.
    func redacted(_ event: Event) -> Event
}

extension Reconcilable {
    /// All are listed, unless the provider says otherwise.
    package func lists(_ participant: Participant) -> Bool { true }
}

/// How a source is reconciled.
package struct ReconcileSettings: Sendable, Equatable {
    /// The base address of the provider's API; nil is the provider's usual one.
    package var url: String?
    /// The API key, for providers that have one for all requests.
    package var apiKey: String?
    /// The interval between two passes.
    package var everyMilliseconds: Int64 = 60_000
    /// How long a webhook may still be on its way: nothing younger is reconciled.
    package var graceMilliseconds: Int64 = 45_000

    /// The defaults.
    package init() {}
}

/// What the relay asks a provider.
package enum ReconcileQuestion: Sendable, Hashable {
    /// Which rooms are open.
    case rooms
    /// Who is in this room, and what they publish.
    case participants(room: WireText)
}

/// A request to a provider's API.
package struct ReconcileRequest: Sendable, Equatable {
    /// The path below the base address; it begins with a slash.
    package let path: String
    /// Names and values.
    package let headers: [WebhookRequest.Header]
    /// With a body it is a POST, else a GET.
    package let body: [UInt8]?

    /// A request.
    package init(path: String, headers: [WebhookRequest.Header], body: [UInt8]?) {
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// An answer with status 200 that says nothing usable.
package struct UnusableAnswer: Error, Sendable, Equatable {
    /// The kind of problem.
    package enum Reason: Sendable, Equatable {
        /// Not JSON, or not of the provider's shape.
        case malformed
        /// More values, rooms or participants than the relay reads.
        case tooMany
    }

    /// The kind of problem.
    package let reason: Reason
    /// One sentence, without anything from the answer but names of members.
    package let problem: String

    /// A problem with an answer.
    package init(_ reason: Reason, _ problem: String) {
        self.reason = reason
        self.problem = problem
    }
}
