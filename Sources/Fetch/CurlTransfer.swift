internal import CCurl

/// One transfer of libcurl. Owns the handle and everything that the handle points to.
final class CurlTransfer {
    private let handle: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var limitBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var freshness = Freshness()

    /// The longest time to connect.
    private static let connectMilliseconds = 5_000
    private static let redirects = 3

    init?() {
        guard Curl.isReady, let handle = curl_easy_init() else { return nil }
        self.handle = handle
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    func prepare(_ address: WebAddress, authorities: String?, timeoutMilliseconds: Int, limitBytes: Int) {
        self.limitBytes = limitBytes
        roomwire_curl_set_text(handle, CURLOPT_URL, address.text)
        roomwire_curl_allow_only(handle, address.isSecure ? 1 : 0)
        // A redirect over plain HTTP could lead to another machine.
        set(CURLOPT_FOLLOWLOCATION, address.isSecure ? 1 : 0)
        set(CURLOPT_MAXREDIRS, Self.redirects)
        set(CURLOPT_TIMEOUT_MS, timeoutMilliseconds)
        set(CURLOPT_CONNECTTIMEOUT_MS, min(timeoutMilliseconds, Self.connectMilliseconds))
        // No alarm signals: there are other threads.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let authorities {
            roomwire_curl_set_text(handle, CURLOPT_CAINFO, authorities)
            // Debian's libcurl also has a folder of certificates, which would stay trusted.
            roomwire_curl_set_text(handle, CURLOPT_CAPATH, nil)
        }
        if address.isLoopback { roomwire_curl_set_text(handle, CURLOPT_PROXY, "") }
        roomwire_curl_set_text(handle, CURLOPT_USERAGENT, "roomwire")
        headers = curl_slist_append(nil, "Accept: application/jwk-set+json, application/json")
        roomwire_curl_set_list(handle, headers)
        let this = Unmanaged.passUnretained(self).toOpaque()
        roomwire_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        roomwire_curl_set_pointer(handle, CURLOPT_WRITEDATA, this)
        roomwire_curl_set_sink(handle, CURLOPT_WRITEFUNCTION, takeBody)
        roomwire_curl_set_pointer(handle, CURLOPT_HEADERDATA, this)
        roomwire_curl_set_sink(handle, CURLOPT_HEADERFUNCTION, takeHeader)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        roomwire_curl_set_long(handle, option, value)
    }

    func run() throws(Fetch.Failure) -> Fetch.Document {
        let code = curl_easy_perform(handle)
        if isTooLarge { throw .tooLarge }
        switch code {
        case CURLE_OK: break
        case CURLE_OPERATION_TIMEDOUT: throw .timedOut
        default:
            let problem = Curl.problem(code, errorText)
            throw Curl.isUntrusted(code) ? .untrusted(problem) : .unreachable(problem)
        }
        let status = roomwire_curl_status(handle)
        guard status == 200 else { throw .status(status) }
        return Fetch.Document(body: body, maxAgeSeconds: freshness.seconds)
    }

    /// Receives a part of the body; false ends the transfer.
    fileprivate func take(body part: UnsafeRawBufferPointer) -> Bool {
        guard body.count + part.count <= limitBytes else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: part)
        return true
    }

    fileprivate func take(header line: UnsafeRawBufferPointer) {
        freshness.take(header: String(decoding: line, as: UTF8.self))
    }
}

/// How long an answer is fresh, by its headers.
struct Freshness {
    private(set) var seconds: Int?

    /// Reads a header line. After a redirect, the last answer counts.
    mutating func take(header line: String) {
        if line.hasPrefix("HTTP/") { seconds = nil }
        guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "cache-control" else { return }
        for directive in line[line.index(after: colon)...].split(separator: ",") {
            let words = directive.lowercased().filter { !$0.isWhitespace && $0 != "\"" }
            if words == "no-cache" || words == "no-store" {
                seconds = 0
            } else if words.hasPrefix("max-age="), seconds != 0 {
                seconds = Int(words.dropFirst("max-age=".count)).map { max(0, $0) } ?? seconds
            }
        }
    }
}

// libcurl calls these from within curl_easy_perform, on its thread.

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
    // Anything but the full count ends the transfer.
    return transfer.take(body: part) ? part.count : -1
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    transfer.take(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}
