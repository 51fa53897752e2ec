internal import CCurl

/// What all transfers need of libcurl itself.
enum Curl {
    /// Whether libcurl is set up: that happens once in a process, since it must not happen on two threads at a time.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Whether a transfer failed because the server's certificate, or its TLS, is not to be trusted.
    static func isUntrusted(_ code: CURLcode) -> Bool {
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
            true
        default: false
        }
    }

    /// Why a transfer failed: what libcurl wrote into its error buffer, else what the code means.
    static func problem(_ code: CURLcode, _ errorText: UnsafePointer<CChar>) -> String {
        let text = String(cString: errorText)
        return text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }
}
