internal import Wire

/// What the headers say of where a request ends, and of what becomes of its connection then.
struct Framing {
    /// What is wrong with the head, in half a sentence; nil if nothing is: what evhttp lets through and a server behind
    /// proxies must not, heads on which two readers could disagree.
    private(set) var problem: String?
    /// Whether neither the coding of the body nor the connection is spoken of, but for what is so anyway.
    private(set) var isOrdinary = true

    init(headers: [(name: WireText, value: WireText)]) {
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
            case "connection": if !header.value.equalsIgnoringASCIICase("keep-alive") { isOrdinary = false }
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
        if hosts == 0 { return "the Host header is missing" }
        if hosts > 1 { return "the Host header is given more than once" }
        return nil
    }
}
