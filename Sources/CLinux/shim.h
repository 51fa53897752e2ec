// Calls of Linux that Swift's Glibc module leaves out: a thread's name, what a folder lies on, and giving memory back.
#pragma once
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <malloc.h>

static inline long long roomwire_file_system_kind(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long long)(unsigned int)status.f_type : -1;
}

// prctl is variadic, which Swift cannot call.
static inline void roomwire_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }
