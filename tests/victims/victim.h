// Shared by all victims: the line that reports that they are ready, memory, a pattern that depends on its address, and the
// signal that kills them with their parent.
//
// A victim prints one line, "READY pid", when its memory is set up as its file describes, or "SKIP reason" if this machine
// does not allow that. Then it rests or works until it is killed. Those for complete chains print more: chain.h.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PAGE // build defines it for other kernels
#define PAGE 4096UL
#endif
#define MUST(call)                                                     \
    do {                                                               \
        if ((long)(call) == -1L) {                                     \
            fprintf(stderr, "%s: %s\n", #call, strerror(errno));       \
            exit(1);                                                   \
        }                                                              \
    } while (0)

// The test that started us may be killed: no victim outlives it. Not inherited by fork, so children call it too.
static inline void die_with_parent(void)
{
    MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
}

// A word's content depends on its address and a salt: a page in the wrong place is seen.
static inline uint64_t word_at(const void *address, uint64_t salt)
{
    return ((uint64_t)(uintptr_t)address * 0x9E3779B97F4A7C15UL) ^ (salt * 0xC2B2AE3D27D4EB4FUL);
}

static inline void fill(void *from, size_t pages, uint64_t salt)
{
    uint64_t *word = from;
    for (size_t i = 0; i < pages * PAGE / sizeof *word; i++)
        word[i] = word_at(&word[i], salt);
}

// The first word of a page that differs, or NULL.
static inline void *damaged(void *from, size_t pages, uint64_t salt)
{
    uint64_t *word = from;
    for (size_t i = 0; i < pages * PAGE / sizeof *word; i++)
        if (word[i] != word_at(&word[i], salt))
            return &word[i];
    return NULL;
}

static inline void read_touch(const void *from, size_t pages)
{
    const volatile char *byte = from;
    for (size_t i = 0; i < pages; i++)
        (void)byte[i * PAGE];
}

static inline void *map(size_t pages, int prot, int flags, int fd)
{
    void *at = mmap(NULL, pages * PAGE, prot, flags, fd, 0);
    MUST(at);
    return at;
}

// Lies between two pages without access, so that the kernel merges it with no neighbour.
static inline void *private_memory(size_t pages)
{
    char *at = map(pages + 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    MUST(mprotect(at + PAGE, pages * PAGE, PROT_READ | PROT_WRITE));
    return at + PAGE;
}

// An unnamed file of the given size, filled with the pattern of its own offsets.
static inline int file_of(size_t bytes)
{
    char name[] = "/tmp/predump-victim-XXXXXX";
    int fd = mkstemp(name);
    MUST(fd);
    MUST(unlink(name));
    for (uint64_t offset = 0; offset < bytes; offset += sizeof offset) {
        size_t left = bytes - offset;
        MUST(pwrite(fd, &offset, left < sizeof offset ? left : sizeof offset, (off_t)offset));
    }
    return fd;
}

static inline void ready_as(pid_t pid)
{
    char line[32];
    int length = snprintf(line, sizeof line, "READY %d\n", (int)pid);
    MUST(write(STDOUT_FILENO, line, (size_t)length));
}

static inline void ready(void)
{
    ready_as(getpid());
}

static inline _Noreturn void skip(const char *reason)
{
    if (errno != 0)
        printf("SKIP %s: %s\n", reason, strerror(errno));
    else
        printf("SKIP %s\n", reason);
    exit(0);
}

static inline _Noreturn void rest(void)
{
    for (;;)
        pause();
}

static inline unsigned long argument(int argc, char **argv, int index, unsigned long otherwise)
{
    return index < argc ? strtoul(argv[index], NULL, 0) : otherwise;
}
