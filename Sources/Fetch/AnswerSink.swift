/// Receives an answer from libcurl. Used only on libcurl's thread.
final class AnswerSink {
    private let flow: AnswerFlow
    private let silence: Duration
    private var lastSign = ContinuousClock.now
    private var status = 0
    private var headers: [String: String] = [:]
    private var headerBytes = 0
    /// True if the transfer was ended because the server sent nothing for too long.
    private(set) var wasSilent = false

    /// The most bytes of header fields that are stored; further ones are dropped.
    private static let largestHeadBytes = 64 * 1024

    init(_ flow: AnswerFlow, silenceMilliseconds: Int) {
        self.flow = flow
        silence = .milliseconds(silenceMilliseconds)
    }

    /// Receives a line of the head, with its line end.
    /// - Returns: false to end the transfer.
    func take(header bytes: UnsafeRawBufferPointer) -> Bool {
        lastSign = .now
        let line = String(decoding: bytes.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // An interim answer (1xx) is followed by a second head.
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            headers = [:]
            headerBytes = 0
        } else if line.isEmpty {
            if status >= 200 { return flow.put(.head(status: status, headers: headers)) }
        } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
            headerBytes += bytes.count
            guard headerBytes <= Self.largestHeadBytes else { return true }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers[line[..<colon].lowercased()] = String(value)
        }
        return true
    }

    /// Receives a part of the body, and waits until there is a place for it.
    /// - Returns: false to end the transfer.
    func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        // The time that a slow reader takes does not count as the server's silence.
        defer { lastSign = .now }
        return flow.put(.bytes(Array(bytes)))
    }

    /// True if the transfer is to continue.
    func goesOn() -> Bool {
        if flow.isAbandoned { return false }
        wasSilent = lastSign + silence < .now
        return !wasSilent
    }
}

// libcurl calls these from within curl_easy_perform, on its thread.

func takeAnswerBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let sink = Unmanaged<AnswerSink>.fromOpaque(context).takeUnretainedValue()
    // Anything but the full count ends the transfer.
    return sink.take(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : -1
}

func takeAnswerHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let sink = Unmanaged<AnswerSink>.fromOpaque(context).takeUnretainedValue()
    return sink.take(header: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : -1
}

func watchAnswer(
    _ context: UnsafeMutableRawPointer?, _: Int, _: Int, _: Int, _: Int
) -> Int32 {
    guard let context else { return 0 }
    return Unmanaged<AnswerSink>.fromOpaque(context).takeUnretainedValue().goesOn() ? 0 : 1
}
