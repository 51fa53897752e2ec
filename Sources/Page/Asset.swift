package import Wire

/// A file of the browser's side as it is served: its bytes twice, as they are and compressed, so that nothing is
/// compressed while clients wait.
package struct Asset: Sendable {
    /// Where it is, without the slash in front: `client.js`. The dashboard's document has the empty path.
    package let path: WireText
    /// Its media type.
    package let contentType: String
    /// The first 16 digits of the SHA-256 of its bytes.
    package let hash: String
    /// True for the files of the dashboard, which an operator may switch off.
    package let isOfDashboard: Bool

    private let identityBase64: StaticString
    private let gzipBase64: StaticString

    init(
        path: StaticString, contentType: StaticString, hash: StaticString, isOfDashboard: Bool, identity: StaticString,
        gzip: StaticString
    ) {
        self.path = WireText("\(path)")
        self.contentType = "\(contentType)"
        self.hash = "\(hash)"
        self.isOfDashboard = isOfDashboard
        identityBase64 = identity
        gzipBase64 = gzip
    }

    /// One of its two forms.
    package struct Form: Sendable {
        /// The body.
        package let bytes: [UInt8]
        /// The strong entity tag: each form has its own (RFC 9110, section 8.8.3.3).
        package let tag: String
    }

    /// The form for clients that take gzip, or the one for all others.
    package func form(gzip: Bool) -> Form {
        Form(bytes: Self.decoded(gzip ? gzipBase64 : identityBase64), tag: gzip ? "\"\(hash)-gzip\"" : "\"\(hash)\"")
    }

    private static func decoded(_ text: StaticString) -> [UInt8] {
        let bytes = text.withUTF8Buffer { Base64.standard.bytes($0) }
        guard let bytes else { preconditionFailure("embed.py writes Base64 that can be read.") }
        return bytes
    }
}

/// All files of the browser's side.
package enum Assets {
    /// In the order of their paths.
    package static let all: [Asset] = embedded

    private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })

    /// The asset at the segments of a path; nil where there is none.
    package static func asset(at path: [WireText]) -> Asset? {
        switch path.count {
        case 0: byPath[""]
        case 1: byPath[path[0]]
        // The dashboard's files are in one folder.
        case 2 where path[0] == "dashboard" && !path[1].isEmpty: byPath["dashboard/\(path[1])"]
        default: nil
        }
    }
}
