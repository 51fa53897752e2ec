// libcurl as Swift sees it.
#pragma once
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, and macros that check types on top: Swift can call neither.
// One function for each kind of value.
static inline CURLcode roomwire_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode roomwire_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode roomwire_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode roomwire_curl_set_list(CURL *handle, struct curl_slist *value) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, value);
}
typedef size_t (*roomwire_curl_sink)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode roomwire_curl_set_sink(CURL *handle, CURLoption option, roomwire_curl_sink value) {
    return curl_easy_setopt(handle, option, value);
}
typedef int (*roomwire_curl_progress)(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total,
                                      curl_off_t upload_now);
static inline CURLcode roomwire_curl_set_progress(CURL *handle, roomwire_curl_progress value) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, value);
}
// The size is to be set before.
static inline CURLcode roomwire_curl_copy_body(CURL *handle, const void *bytes) {
    return curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes ? bytes : "");
}
static inline long roomwire_curl_status(CURL *handle) {
    long status = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
// The one scheme that a request, and what it is redirected to, may have. libcurl 7.85 has replaced the bit masks by
// texts, and warns of them.
static inline CURLcode roomwire_curl_allow_only(CURL *handle, int is_https) {
#if LIBCURL_VERSION_NUM >= 0x075500
    const char *scheme = is_https ? "https" : "http";
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, scheme);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, scheme);
#else
    long scheme = is_https ? CURLPROTO_HTTPS : CURLPROTO_HTTP;
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PROTOCOLS, scheme);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS, scheme);
#endif
}
