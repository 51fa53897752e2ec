internal import Events
package import Wire

/// What the log says of a request.
package struct LoggedRequest {
    let method: String
    let path: [WireText]
    let query: [(name: WireText, value: WireText)]
    let remoteAddress: String
    let user: WireText?
    let issuer: WireText?

    /// A request.
    /// - Parameters:
    ///   - path: the segments, percent-decoded.
    ///   - query: names and values, percent-decoded. Those that may be secrets are not logged.
    ///   - user: whose request it turned out to be.
    ///   - issuer: which issuer vouches for the user's name.
    package init(
        method: String, path: [WireText], query: [(name: WireText, value: WireText)], remoteAddress: String,
        user: WireText?, issuer: WireText?
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.remoteAddress = remoteAddress
        self.user = user
        self.issuer = issuer
    }

    /// Parameters whose values are no secrets. What is not here is left out whole, its name too: it may be a token
    /// under a misspelt name.
    private static let shown: Set<WireText> = [
        "room", "type", "source", "participant", "format", "wait", "limit", "since", "tail", "snapshot", "named",
        "lastEventId", "heartbeat", "refuse",
    ]

    /// The path and of the query what may be seen.
    package func target(withQuery: Bool = true) -> String {
        let shownPath = "/" + LogText.cut(WireText(path.map(LogText.shown).joined(separator: "/")))
        let query = withQuery ? self.query.filter { Self.shown.contains($0.name) } : []
        guard !query.isEmpty else { return shownPath }
        return shownPath + "?" + query.map { "\($0.name)=\(LogText.shown($0.value))" }.joined(separator: "&")
    }
}

/// What the log says of the answer to a request.
package struct LoggedAnswer {
    let status: Int
    let bytes: Int
    let microseconds: Int64
    let isRoutine: Bool

    /// An answer.
    /// - Parameters:
    ///   - bytes: of the body.
    ///   - microseconds: from the whole request to the answer.
    ///   - isRoutine: whether a good answer is logged at the level `debug` only.
    package init(status: Int, bytes: Int, microseconds: Int64, isRoutine: Bool = false) {
        self.status = status
        self.bytes = bytes
        self.microseconds = microseconds
        self.isRoutine = isRoutine
    }
}
