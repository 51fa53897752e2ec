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
// Descriptors that a loop waits for, which Swift's Glibc module leaves out: the wake-up of a mailbox and an exact timer.
#include <sys/eventfd.h>
#include <sys/timerfd.h>
