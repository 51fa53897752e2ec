/// What a head says about the end of its request, as ``HeaderScanner`` reads it before evhttp does.
struct RequestHead {
    /// The method.
    var method = PackedWord()
    /// The first ``targetBytes`` bytes of the target. A webhook's target is shorter.
    private(set) var target: [UInt8] = []
    private(set) var targetIsWhole = true
    var isHTTP10 = false
    /// The number of header lines. Lines that evhttp adds later are trailers.
    var lines = 0
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    /// Whether the client waits for "100 Continue" before it sends the body.
    private(set) var expectsContinue = false
    private var hosts = 0
    private var lengths = 0
    private var codings = 0
    private var problem: DoorRefusal?
    /// The value that is being read, if the end of the request depends on it.
    private var value: [UInt8] = []
    private var valueIsWhole = true

    /// The longest target of a request that may have a large body.
    static let targetBytes = 1024
    private static let valueBytes = 32

    mutating func reset() {
        var kept = RequestHead()
        swap(&kept.target, &target)
        swap(&kept.value, &value)
        kept.target.removeAll(keepingCapacity: true)
        kept.value.removeAll(keepingCapacity: true)
        self = kept
    }

    mutating func addToTarget(_ byte: UInt8) {
        if target.count < Self.targetBytes { target.append(byte) } else { targetIsWhole = false }
    }

    /// Whether the value after this name must be read.
    mutating func beginsFraming(_ name: PackedWord) -> Bool {
        switch name {
        case .host:
            hosts += 1
            return false
        case .contentLength, .transferEncoding, .expect:
            value.removeAll(keepingCapacity: true)
            valueIsWhole = true
            return true
        default: return false
        }
    }

    mutating func addToValue(_ byte: UInt8) {
        // As evhttp does: blanks before a value are dropped, tabs are not.
        if byte == UInt8(ascii: " ") && value.isEmpty { return }
        if value.count < Self.valueBytes { value.append(byte) } else { valueIsWhole = false }
    }

    /// Evaluates the value of a header for which ``beginsFraming(_:)`` returned true, at the end of its line.
    mutating func takeFraming(_ name: PackedWord) {
        while let last = value.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { value.removeLast() }
        switch name {
        case .contentLength:
            lengths += 1
            contentLength = valueIsWhole ? Self.number(value) : nil
            if contentLength == nil { refuse(400, "Content-Length is not a plain number") }
        case .transferEncoding:
            codings += 1
            isChunked = isValue("chunked")
            if !isChunked { refuse(400, "the only Transfer-Encoding understood is chunked") }
        default:
            // evhttp would refuse any other expectation, and still serve the request once its body has arrived.
            expectsContinue = isValue("100-continue")
            if !expectsContinue { refuse(417, "the only expectation understood is 100-continue") }
        }
    }

    private func isValue(_ text: StaticString) -> Bool {
        valueIsWhole && value.count == text.utf8CodeUnitCount
            && text.withUTF8Buffer { value.lazy.map(HeaderScanner.lowercased).elementsEqual($0) }
    }

    private static func number(_ digits: [UInt8]) -> Int? {
        guard !digits.isEmpty else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(Int(digit - 0x30))
            guard !isTooLarge, !overflows else { return Int.max }
            number = sum
        }
        return number
    }

    private mutating func refuse(_ status: Int, _ problem: String) {
        if self.problem == nil { self.problem = DoorRefusal(status: status, problem: problem) }
    }

    /// The refusal of a request with this head, because two parsers could disagree on its end or no route has its
    /// method; nil if it is accepted.
    var refusal: DoorRefusal? {
        switch method {
        case .get, .head, .post, .put, .delete, .options: break
        default: return DoorRefusal(status: 501, problem: "a method that nothing here has")
        }
        if let problem { return problem }
        return problemOfWhole.map { DoorRefusal(status: 400, problem: $0) }
    }

    private var problemOfWhole: String? {
        if lengths > 1 { return "Content-Length is given more than once" }
        if codings > 1 { return "Transfer-Encoding is given more than once" }
        if codings + lengths > 1 { return "Content-Length and Transfer-Encoding are both given" }
        if isHTTP10 && codings > 0 { return "HTTP/1.0 has no Transfer-Encoding" }
        if hosts == 0 && !isHTTP10 { return "the Host header is missing" }
        if hosts > 1 { return "the Host header is given more than once" }
        // evhttp reads no body for HEAD and would parse it as the next request.
        if method == .head && (isChunked || (contentLength ?? 0) > 0) { return "a HEAD request has a body" }
        return nil
    }

    /// Whether the request can have a large body; its path decides.
    var mayBeWebhook: Bool { method == .post && targetIsWhole }
}
