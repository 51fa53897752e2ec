internal import CCurl

/// A libcurl handle, which keeps its connection open between transfers.
///
/// Unchecked: used only on the queue of the one ``WebClient`` that owns it.
final class CurlConnection: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer?
    private let certificates: TrustedCertificates
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(trusting certificates: TrustedCertificates) {
        handle = Curl.isReady ? curl_easy_init() : nil
        self.certificates = certificates
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        errorText.deallocate()
    }

    /// Runs a transfer to its end, on the calling thread.
    /// - Returns: why it failed; nil if the whole answer was received.
    func run(_ request: WebRequest, into flow: AnswerFlow) -> WebFailure? {
        guard let handle else { return .other("libcurl could not be set up") }
        // Resets the options and keeps the connection.
        curl_easy_reset(handle)
        errorText.pointee = 0
        var headers: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(headers) }
        // Without this, libcurl sends Expect: 100-continue with a large body and waits up to a second.
        headers = curl_slist_append(headers, "Expect:")
        for (name, value) in request.headers {
            headers = curl_slist_append(headers, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        roomwire_curl_set_list(handle, headers)
        let sink = AnswerSink(flow, silenceMilliseconds: request.silenceMilliseconds)
        prepare(handle, request)
        trust(handle)
        return withExtendedLifetime(sink) {
            attach(sink, to: handle)
            return failure(curl_easy_perform(handle), sink)
        }
    }

    private func prepare(_ handle: UnsafeMutableRawPointer, _ request: WebRequest) {
        let isSecure = request.url.prefix(6).lowercased() == "https:"
        roomwire_curl_set_text(handle, CURLOPT_URL, request.url)
        roomwire_curl_allow_only(handle, isSecure ? 1 : 0)
        roomwire_curl_set_text(handle, CURLOPT_USERAGENT, "roomwire")
        roomwire_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        roomwire_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds)
        // No alarm signals: there are other threads.
        roomwire_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        // The answer of a proxy to CONNECT is not the server's.
        roomwire_curl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if request.acceptsCompression { roomwire_curl_set_text(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate") }
        if WebAddress.isOnThisMachine(request.url) { roomwire_curl_set_text(handle, CURLOPT_PROXY, "") }
        if let body = request.body {
            roomwire_curl_set_long(handle, CURLOPT_POST, 1)
            roomwire_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
            _ = body.withUnsafeBytes { roomwire_curl_copy_body(handle, $0.baseAddress) }
        }
    }

    private func trust(_ handle: UnsafeMutableRawPointer) {
        roomwire_curl_set_long(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let file = certificates.file { roomwire_curl_set_text(handle, CURLOPT_CAINFO, file) }
        if let folder = certificates.folder {
            roomwire_curl_set_text(handle, CURLOPT_CAPATH, folder)
        } else if !certificates.keepsSystemFolder {
            roomwire_curl_set_text(handle, CURLOPT_CAPATH, nil)
        }
    }

    private func attach(_ sink: AnswerSink, to handle: UnsafeMutableRawPointer) {
        let this = Unmanaged.passUnretained(sink).toOpaque()
        roomwire_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        roomwire_curl_set_pointer(handle, CURLOPT_WRITEDATA, this)
        roomwire_curl_set_sink(handle, CURLOPT_WRITEFUNCTION, takeAnswerBody)
        roomwire_curl_set_pointer(handle, CURLOPT_HEADERDATA, this)
        roomwire_curl_set_sink(handle, CURLOPT_HEADERFUNCTION, takeAnswerHeader)
        // Called about once a second, also while nothing arrives.
        roomwire_curl_set_long(handle, CURLOPT_NOPROGRESS, 0)
        roomwire_curl_set_pointer(handle, CURLOPT_XFERINFODATA, this)
        roomwire_curl_set_progress(handle, watchAnswer)
    }

    private func failure(_ code: CURLcode, _ sink: AnswerSink) -> WebFailure? {
        if sink.wasSilent { return .timedOut }
        switch code {
        case CURLE_OK: return nil
        case CURLE_COULDNT_RESOLVE_HOST: return .noSuchHost
        case CURLE_COULDNT_CONNECT: return .noConnection
        case CURLE_OPERATION_TIMEDOUT: return .timedOut
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
            CURLE_HTTP2_STREAM:
            return .broken
        default:
            let problem = Curl.problem(code, errorText)
            return Curl.isUntrusted(code) ? .untrusted(problem) : .other(problem)
        }
    }
}
