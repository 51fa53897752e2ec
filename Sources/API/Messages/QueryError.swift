/// Why a query or a body is invalid, as a sentence for its author.
struct QueryError: Error, Equatable {
    let status: Int
    let reason: String
    let sentence: String

    /// An invalid query of a request for events or rooms.
    init(sentence: String) {
        self.init(status: 400, reason: "bad_query", sentence: sentence)
    }

    /// An invalid request of an administrator.
    static func inRequest(_ sentence: String) -> QueryError {
        QueryError(status: 400, reason: "bad_request", sentence: sentence)
    }

    /// The client accepts none of the formats that the answer can have.
    static func notAcceptable(_ sentence: String) -> QueryError {
        QueryError(status: 406, reason: "not_acceptable", sentence: sentence)
    }

    private init(status: Int, reason: String, sentence: String) {
        self.status = status
        self.reason = reason
        self.sentence = sentence
    }

    /// The answer.
    var problem: Problem { Problem(status, reason, sentence) }
}
