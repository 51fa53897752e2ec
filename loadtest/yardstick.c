// The yardstick: the least work with which one process can fan out. roomwire's budgets are ratios to it.
//
//   cc -O2 -o yardstick yardstick.c && ./yardstick [PORT]      (9101 unless told)
//
// Any GET subscribes; any POST with a Content-Length publishes its body as one frame, with one send() for each
// subscriber. It knows no tokens, no log, no resume, and drops what a full socket does not take: do not use it.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGEST_DESCRIPTOR = 1 << 20, REQUEST_BYTES = 64 * 1024, BATCH = 256 };

static int *subscribers;      // descriptors, without gaps
static int *place;            // of a descriptor in subscribers, plus one; 0: it does not subscribe
static int subscriber_count;
static unsigned long published;
static char request[REQUEST_BYTES + 1], frame[REQUEST_BYTES + 64];

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        fprintf(stderr, "yardstick: cannot listen on port %d: %s\n", port, strerror(errno));
        exit(1);
    }
    return listener;
}

static void watch(int poll, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
}

static void accept_all(int poll, int listener) {
    int descriptor, on = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (descriptor >= LARGEST_DESCRIPTOR) { close(descriptor); continue; }
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(poll, descriptor);
    }
}

static void hang_up(int descriptor) {
    if (place[descriptor]) {
        int last = subscribers[--subscriber_count];
        subscribers[place[descriptor] - 1] = last;
        place[last] = place[descriptor];
        place[descriptor] = 0;
    }
    close(descriptor);
}

static void subscribe(int descriptor) {
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n\n";
    if (!place[descriptor]) {
        subscribers[subscriber_count++] = descriptor;
        place[descriptor] = subscriber_count;
    }
    (void)!send(descriptor, head, sizeof head - 1, MSG_NOSIGNAL);
}

static void fan_out(const char *body, int bytes) {
    int length = snprintf(frame, sizeof frame, "id: 1795201856123-%lu\ndata: %.*s\n\n", published++, bytes, body);
    for (int i = 0; i < subscriber_count; i++)
        (void)!send(subscribers[i], frame, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Answers and publishes every whole request of one read: a client that pipelines sends several at once. A request
// that came in part is dropped; the load tester's fit into one segment.
static void publish(int descriptor, char *from, char *end) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    while (from < end) {
        char *length = strcasestr(from, "content-length:"), *body = strstr(from, "\r\n\r\n");
        if (!length || !body) return;
        int bytes = atoi(length + strlen("content-length:"));
        body += 4;
        if (bytes < 0 || bytes > end - body) return;
        (void)!send(descriptor, answer, sizeof answer - 1, MSG_NOSIGNAL);
        fan_out(body, bytes);
        from = body + bytes;
    }
}

static void serve(int descriptor) {
    ssize_t count = recv(descriptor, request, REQUEST_BYTES, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) { hang_up(descriptor); return; }
    request[count] = 0;
    if (!strncmp(request, "GET ", 4)) subscribe(descriptor);
    else if (!strncmp(request, "POST ", 5)) publish(descriptor, request, request + count);
}

int main(int argc, char **argv) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    subscribers = calloc(LARGEST_DESCRIPTOR, sizeof *subscribers);
    place = calloc(LARGEST_DESCRIPTOR, sizeof *place);
    if (!subscribers || !place) return 1;
    int poll = epoll_create1(EPOLL_CLOEXEC), listener = listen_on(argc > 1 ? atoi(argv[1]) : 9101);
    watch(poll, listener);
    for (;;) {
        struct epoll_event ready[BATCH];
        int count = epoll_wait(poll, ready, BATCH, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd == listener) accept_all(poll, listener);
            else serve(ready[i].data.fd);
        }
    }
}
