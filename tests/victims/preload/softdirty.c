/* Loaded into predump by LD_PRELOAD: makes it believe that this kernel tracks changed memory (soft-dirty). A page of its own
 * memory whose first byte is not zero looks marked, as its probe expects; a kernel without tracking never shows a mark of any
 * other task. So dirty tracking misses all changes of the victim: those that predump finds, it found in other ways. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define SOFT_DIRTY (1ULL << 55)

static int is_own_pagemap(int fd)
{
    char link[32], own[32], path[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    snprintf(own, sizeof own, "/proc/%d/pagemap", (int)getpid());
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return strcmp(path, own) == 0;
}

static ssize_t with_marks(const char *name, int fd, void *to, size_t count, off_t at)
{
    ssize_t (*real)(int, void *, size_t, off_t) = (ssize_t(*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, name);
    ssize_t got = real(fd, to, count, at);
    uint64_t *entry = to;
    if (got == sizeof *entry && is_own_pagemap(fd) && *(volatile char *)(at / 8 * sysconf(_SC_PAGESIZE)) != 0)
        *entry |= SOFT_DIRTY;
    return got;
}

ssize_t pread(int fd, void *to, size_t count, off_t at) { return with_marks("pread", fd, to, count, at); }
ssize_t pread64(int fd, void *to, size_t count, off64_t at) { return with_marks("pread64", fd, to, count, at); }
