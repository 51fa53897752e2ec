internal import Wire

/// What the headers say of where a request ends, and of what becomes of its connection then.
struct Framing {
    /// What is wrong with the head, in half a sentence; nil if nothing is: what evhttp lets through and a server behind
    /// proxies must not, heads on which two readers could disagree.
    private(set) var problem: String?
    /// Whether neither the coding of the body nor the connection is spoken of, but for what is so anyway.
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
                // evhttp reads the number with strtoll, which takes a sign and leading blanks.
                guard !header.value.isEmpty, header.value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                    return "Content-Length is not a plain number"
                }
            case "connection": readConnection(header.value)
            case "transfer-encoding":
                encodings += 1
                isOrdinary = false
                // evhttp takes any other coding as no body at all, and would read the body as the next request.
                guard header.value.equalsIgnoringASCIICase("chunked") else {
                    return "the only Transfer-Encoding understood is chunked"
                }
            default: break
            }
        }
        if lengths > 1 { return "Content-Length is given more than once" }
        if encodings > 1 { return "Transfer-Encoding is given more than once" }
        if encodings + lengths > 1 { return "Content-Length and Transfer-Encoding are both given" }
        // HTTP/1.0 knows of no Host (RFC 9112, section 3.2); health checks of proxies come without one.
        if hosts == 0 && !isHTTP10 { return "the Host header is missing" }
        if hosts > 1 { return "the Host header is given more than once" }
        return nil
    }

    /// evhttp knows `close` alone on the first line; other options may stand beside it, and further lines behind it.
    private mutating func readConnection(_ value: WireText) {
        // It looks at the beginning of the first line for the other.
        if keepsAlive == nil { keepsAlive = value.asciiLowercased().hasPrefix("keep-alive") }
        if value == "keep-alive" { return }
        isOrdinary = false
        for option in value.asciiLowercased().utf8.split(separator: UInt8(ascii: ",")) {
            let word = option.drop { $0 == 0x20 || $0 == 0x09 }.reversed().drop { $0 == 0x20 || $0 == 0x09 }
            if word.elementsEqual("close".utf8.reversed()) { asksToClose = true }
        }
    }
}
