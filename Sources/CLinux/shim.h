// Calls of Linux that Swift's Glibc module leaves out: a thread's name, what a folder lies on, giving memory back, and
// how much of a pipe is unread.
#pragma once
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <malloc.h>

static inline long long roomwire_file_system_kind(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long long)(unsigned int)status.f_type : -1;
}

// prctl is variadic, which Swift cannot call.
static inline void roomwire_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

// ioctl is variadic, too. Works at both ends of a pipe; -1 if the descriptor is none.
static inline int roomwire_unread_bytes(int pipe_end) {
    int count = 0;
    return ioctl(pipe_end, FIONREAD, &count) == 0 ? count : -1;
}
