internal import Wire

/// What the headers say about the end of the request, and about the connection after it.
struct Framing {
    /// The error in the head, as a clause; nil if there is none. It covers heads that evhttp accepts and a server
    /// behind proxies must not: those on which two parsers could disagree.
    private(set) var problem: String?
    /// True if the request has no Transfer-Encoding and no Connection header other than the default.
    private(set) var isOrdinary = true
    private let isHTTP10: Bool
    private var keepsAlive: Bool?
    private var asksToClose = false

    /// Whether this is the client's last request on the connection.
    var closes: Bool { asksToClose || (isHTTP10 && keepsAlive != true) }

    init(headers: [(name: WireText, value: WireText)], isHTTP10: Bool = false) {
        self.isHTTP10 = isHTTP10
        problem = read(headers)
    }

    private mutating func read(_ headers: [(name: WireText, value: WireText)]) -> String? {
        var hosts = 0
        var lengths = 0
        var encodings = 0
        for header in headers {
            switch header.name.asciiLowercased() {
            case "host": hosts += 1
            case "content-length":
                lengths += 1
                // evhttp parses the number with strtoll, which accepts a sign and leading blanks.
                guard !header.value.isEmpty, header.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                    return "Content-Length is not a plain number"
                }
            case "connection": readConnection(header.value)
            case "transfer-encoding":
                encodings += 1
                isOrdinary = false
                // evhttp treats any other coding as no body at all, and would parse the body as the next request.
                guard header.value.equalsIgnoringASCIICase("chunked") else {
                    return "the only Transfer-Encoding understood is chunked"
                }
            default: break
            }
        }
        if lengths > 1 { return "Content-Length is given more than once" }
        if encodings > 1 { return "Transfer-Encoding is given more than once" }
        if encodings + lengths > 1 { return "Content-Length and Transfer-Encoding are both given" }
        // HTTP/1.0 has no Host (RFC 9112, section 3.2), and proxies' health checks send none.
        if hosts == 0 && !isHTTP10 { return "the Host header is missing" }
        if hosts > 1 { return "the Host header is given more than once" }
        return nil
    }

    /// evhttp recognises `close` only if it stands alone in the first Connection line. Here other options and further
    /// lines count too.
    private mutating func readConnection(_ value: WireText) {
        // For `keep-alive` evhttp looks at the beginning of the first line.
        if keepsAlive == nil { keepsAlive = value.asciiLowercased().hasPrefix("keep-alive") }
        if value == "keep-alive" { return }
        isOrdinary = false
        for option in value.asciiLowercased().utf8.split(separator: UInt8(ascii: ",")) {
            let word = option.drop { $0 == 0x20 || $0 == 0x09 }.reversed().drop { $0 == 0x20 || $0 == 0x09 }
            if word.elementsEqual("close".utf8.reversed()) { asksToClose = true }
        }
    }
}
