// libevent as Swift sees it: the headers that roomwire uses, and nothing of its own.
// <sys/types.h> and <sys/select.h> come first: Debian's event-config.h defines _GNU_SOURCE, and with another
// order the two definitions of fd_set clash in Swift's importer.
#pragma once
#include <sys/types.h>
#include <sys/select.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
// Calls of Linux that Swift's Glibc module leaves out: the wake-up of a mailbox, an exact timer, a thread's name, and
// what a folder lies on, and giving memory back.
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <malloc.h>

static inline long long roomwire_file_system_kind(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long long)(unsigned int)status.f_type : -1;
}

// prctl is variadic, which Swift cannot call.
static inline void roomwire_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }
