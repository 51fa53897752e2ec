// OpenSSL as Swift sees it: the headers that roomwire uses, and the few calls that are macros there, which Swift
// cannot see.
#pragma once
#include <malloc.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static inline int roomwire_ssl_ctx_set_versions(SSL_CTX *context, int least, int most) {
    return SSL_CTX_set_min_proto_version(context, least) && SSL_CTX_set_max_proto_version(context, most);
}
// No renegotiation and no compression; the server's order of ciphers, but ChaCha20 for who likes it most; a connection
// that ends without a goodbye is an end like any other, since HTTP knows by itself whether all of a request came.
static inline void roomwire_ssl_ctx_set_server_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE
        | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
}
static inline void roomwire_ssl_ctx_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }
static inline void roomwire_ssl_ctx_clear_mode(SSL_CTX *context, long mode) { SSL_CTX_clear_mode(context, mode); }
static inline void roomwire_ssl_set_message_argument(SSL *ssl, void *argument) {
    SSL_set_msg_callback_arg(ssl, argument);
}
static inline int roomwire_ssl_ctx_set_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}
static inline void roomwire_ssl_ctx_disable_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline int roomwire_ssl_ctx_get_chain(SSL_CTX *context, STACK_OF(X509) **chain) {
    return (int)SSL_CTX_get0_chain_certs(context, chain);
}
static inline int roomwire_ssl_new_index(CRYPTO_EX_free *whenFreed) {
    return SSL_get_ex_new_index(0, NULL, NULL, NULL, whenFreed);
}
// A client's connections read as much as is there at a time; a server that ends without a goodbye has ended.
static inline void roomwire_ssl_ctx_set_client_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_read_ahead(context, 1);
}
static inline int roomwire_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
