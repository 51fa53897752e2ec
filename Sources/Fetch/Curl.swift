internal import CCurl

/// libcurl's global set-up, and its error codes.
enum Curl {
    /// True if libcurl is set up. It is set up once in a process, since two threads must not do it at the same time.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// True if a transfer failed because the certificate is not trusted, or the TLS handshake failed.
    static func isUntrusted(_ code: CURLcode) -> Bool {
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
            true
        default: false
        }
    }

    /// Why a transfer failed: the text of libcurl's error buffer, else that of the code.
    static func problem(_ code: CURLcode, _ errorText: UnsafePointer<CChar>) -> String {
        let text = String(cString: errorText)
        return text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
    }
}
