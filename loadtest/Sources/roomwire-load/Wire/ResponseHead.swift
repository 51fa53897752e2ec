/// What the first lines of an HTTP response say that matters here.
struct ResponseHead: Equatable {
    /// The status code.
    private(set) var status = 0
    /// Whether the body comes in chunks.
    private(set) var isChunked = false
    /// How long the body is, if the head says so.
    private(set) var contentLength: Int?
    /// Whether the server closes the connection after it.
    private(set) var closes = false
    /// How many bytes it takes, with the empty line that ends it.
    private(set) var length = 0

    /// What reading the beginning of a response came to.
    enum Reading: Equatable {
        /// It is all there.
        case head(ResponseHead)
        /// More must come.
        case incomplete
        /// It is no response of HTTP/1.
        case foreign
    }

    /// Reads a head where it stands, without a copy: an answer to each event that is published has one.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        var head = ResponseHead()
        var start = 0
        while let end = bytes.firstLineFeed(from: start) {
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end]).withoutCarriageReturn
            if start == 0 {
                guard head.takeStatus(line) else { return .foreign }
            } else if line.isEmpty {
                head.length = end + 1
                return .head(head)
            } else {
                head.takeField(line)
            }
            start = end + 1
        }
        return start == 0 && !bytes.isBeginningOfHTTP ? .foreign : .incomplete
    }

    /// `HTTP/1.1 200 OK`
    private mutating func takeStatus(_ line: UnsafeRawBufferPointer) -> Bool {
        guard line.count >= 12, line.isBeginningOfHTTP, line[8] == 0x20, line.count == 12 || line[12] == 0x20,
            let status = UnsafeRawBufferPointer(rebasing: line[9..<12]).decimal
        else { return false }
        self.status = status
        // One that is older closes, unless it says otherwise.
        closes = line[7] == UInt8(ascii: "0")
        return true
    }

    private mutating func takeField(_ line: UnsafeRawBufferPointer) {
        // Most fields are none of those three, and their first letter says so.
        switch line[0] | 0x20 {
        case UInt8(ascii: "t"):
            guard let value = line.value(of: "transfer-encoding") else { return }
            isChunked = value.ends(in: "chunked")
        case UInt8(ascii: "c"):
            if let value = line.value(of: "content-length") {
                contentLength = value.decimal
            } else if let value = line.value(of: "connection") {
                closes = value.ends(in: "close") || closes && !value.ends(in: "keep-alive")
            }
        default: break
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var withoutCarriageReturn: UnsafeRawBufferPointer {
        last == 0x0D ? UnsafeRawBufferPointer(rebasing: dropLast()) : self
    }

    /// Whether it begins as HTTP/1 does, as far as it goes.
    fileprivate var isBeginningOfHTTP: Bool {
        let name: StaticString = "HTTP/1."
        return prefix(name.utf8CodeUnitCount).elementsEqual(
            UnsafeBufferPointer(start: name.utf8Start, count: Swift.min(count, name.utf8CodeUnitCount)))
    }

    /// The digits as a number; nil if there is anything else, or too many.
    fileprivate var decimal: Int? {
        guard 1...18 ~= count else { return nil }
        var number = 0
        for byte in self {
            guard 0x30...0x39 ~= byte else { return nil }
            number = number * 10 + Int(byte) - 0x30
        }
        return number
    }

    /// What follows the colon, without the blanks around it, if this is the field of that name, in lower case.
    fileprivate func value(of name: StaticString) -> UnsafeRawBufferPointer? {
        let length = name.utf8CodeUnitCount
        guard count > length, self[length] == UInt8(ascii: ":"), isSame(as: name, from: 0) else { return nil }
        var rest = self[(length + 1)...]
        while rest.first == 0x20 || rest.first == 0x09 { rest = rest.dropFirst() }
        while rest.last == 0x20 || rest.last == 0x09 { rest = rest.dropLast() }
        return UnsafeRawBufferPointer(rebasing: rest)
    }

    /// Whether the last word is this one, in lower case.
    fileprivate func ends(in word: StaticString) -> Bool {
        count >= word.utf8CodeUnitCount && isSame(as: word, from: count - word.utf8CodeUnitCount)
    }

    private func isSame(as text: StaticString, from start: Int) -> Bool {
        for place in 0..<text.utf8CodeUnitCount {
            let byte = self[start + place]
            let lower = 0x41...0x5A ~= byte ? byte | 0x20 : byte
            guard lower == text.utf8Start[place] else { return false }
        }
        return true
    }
}
