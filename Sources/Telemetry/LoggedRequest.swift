internal import Events
package import Wire

/// A request as the log shows it.
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
    ///   - user: the user of its token, if it has a valid one.
    ///   - issuer: the issuer of that token.
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

    /// Parameters whose values are not secret. All others are left out with their names: one may be a token under a
    /// misspelt name.
    private static let shown: Set<WireText> = [
        "room", "type", "source", "participant", "format", "wait", "limit", "since", "tail", "snapshot", "named",
        "lastEventId", "heartbeat", "refuse",
    ]

    /// The path, and the parameters of the query that may be shown.
    package func target(withQuery: Bool = true) -> String {
        let shownPath = "/" + LogText.cut(WireText(path.map(LogText.shown).joined(separator: "/")))
        let query = withQuery ? self.query.filter { Self.shown.contains($0.name) } : []
        guard !query.isEmpty else { return shownPath }
        return shownPath + "?" + query.map { "\($0.name)=\(LogText.shown($0.value))" }.joined(separator: "&")
    }
}

/// An answer as the log shows it.
package struct LoggedAnswer {
    let status: Int
    let bytes: Int
    let microseconds: Int64
    let isRoutine: Bool

    /// An answer.
    /// - Parameters:
    ///   - bytes: of the body.
    ///   - microseconds: from the whole request to the answer.
    ///   - isRoutine: true to log a successful answer only at the level `debug`.
    package init(status: Int, bytes: Int, microseconds: Int64, isRoutine: Bool = false) {
        self.status = status
        self.bytes = bytes
        self.microseconds = microseconds
        self.isRoutine = isRoutine
    }
}
