// A client that changes its keys again and again over TLS 1.3, which Python's ssl cannot.
//
// key_updates PORT REQUEST ROUNDS UPDATES SECONDS
//
// Connects to 127.0.0.1:PORT. Then, ROUNDS times at most and for SECONDS at most:
// UPDATES changes of keys. REQUEST, unless it is empty, is sent after each round and its answer read, so that
// application data comes between; one that begins with "+" is sent only once, in advance.
// Prints how many changes of keys were sent, and "ended" if the server ended the connection, else "open".
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int has_ended(int descriptor, SSL *ssl) {
    struct pollfd ready = {descriptor, POLLIN, 0};
    if (poll(&ready, 1, 0) <= 0) return 0;
    char byte[1024];
    int count = SSL_read(ssl, byte, sizeof byte);
    if (count > 0) return 0;
    return SSL_get_error(ssl, count) != SSL_ERROR_WANT_READ;
}

// Sends a request and reads the beginning of its answer.
static int ask(SSL *ssl, const char *request) {
    if (SSL_write(ssl, request, (int)strlen(request)) <= 0) return 0;
    char answer[4096];
    int count;
    do {
        count = SSL_read(ssl, answer, sizeof answer);
    } while (count <= 0 && SSL_get_error(ssl, count) == SSL_ERROR_WANT_READ);
    return count > 0;
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    signal(SIGPIPE, SIG_IGN);
    const char *request = argv[2];
    int once = request[0] == '+';
    if (once) request++;
    long rounds = atol(argv[3]), updates = atol(argv[4]), seconds = atol(argv[5]), sent = 0;
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) return 3;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, descriptor);
    if (SSL_connect(ssl) != 1) return 4;
    if (once && !ask(ssl, request)) return 5;
    fprintf(stderr, "begins\n");
    time_t end = time(NULL) + seconds;
    for (long round = 0; round < rounds && time(NULL) < end; round++) {
        for (long update = 0; update < updates; update++) {
            if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1) goto ended;
            sent++;
        }
        if (once || !*request) {
            if (has_ended(descriptor, ssl)) goto ended;
            continue;
        }
        if (!ask(ssl, request)) goto ended;
    }
    printf("%ld open\n", sent);
    return 0;
ended:
    printf("%ld ended\n", sent);
    return 0;
}
