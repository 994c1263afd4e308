/* Selects the call of predump that fails or at which a signal is sent, and reports it; faults.c describes the settings. */
#pragma once
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Looked up once: predump's signal handlers call write, and dlsym must not be called in one. */
#define REAL(type, name, ...)                                               \
    (__extension__({                                                        \
        static type (*real_)(__VA_ARGS__);                                  \
        if (!real_)                                                         \
            real_ = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);          \
        real_;                                                              \
    }))
#define raw(...) raw_()(__VA_ARGS__)

static long (*raw_(void))(long, ...)
{
    return REAL(long, syscall, long, ...);
}

__attribute__((constructor)) static void look_up(void)
{
    (void)raw(SYS_getpid);
    (void)!write(-1, "", 0);
}

static atomic_long counted;
static atomic_int in_main;

static long number(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

static int wanted(const char *call)
{
    const char *names = getenv("FAULT_CALLS");
    if (!names)
        return 0;
    if (strcmp(names, "*") == 0)
        return 1;
    size_t length = strlen(call);
    for (const char *at = names; (at = strstr(at, call)); at += length)
        if ((at == names || at[-1] == ',') && (at[length] == ',' || at[length] == 0))
            return 1;
    return 0;
}

static void report(uint64_t when, const char *call, const char *what)
{
    const char *file = getenv("FAULT_REPORT");
    char text[512];
    int length = snprintf(text, sizeof text, "%llu %s %s", (unsigned long long)when, call, what);
    int fd = file ? (int)raw(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (fd < 0)
        _exit(99);
    raw(SYS_write, fd, text, (size_t)length);
    raw(SYS_close, fd);
}

static void send_later(const char *call, const char *what)
{
    long delay = number("FAULT_DELAY") * 1000;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    report((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + (uint64_t)delay, call, what);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = (int)number("FAULT_SIGNAL")};
    struct itimerspec once = {.it_value = {.tv_sec = delay / 1000000000, .tv_nsec = delay % 1000000000 + 1}};
    if (raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0 || raw(SYS_timer_settime, timer, 0, &once, NULL) != 0)
        _exit(99);
}

__attribute__((destructor)) static void tell_total(void)
{
    if (getenv("FAULT_REPORT") && number("FAULT_AT") < 0)
        report((uint64_t)atomic_load(&counted), "total", "");
}

enum { GO_ON = -1, HALF = 0 };

/* GO_ON, HALF, or the errno to fail with. */
static int fate(const char *call, const char *what)
{
    if (!atomic_load(&in_main) || !wanted(call) || atomic_fetch_add(&counted, 1) + 1 != number("FAULT_AT"))
        return GO_ON;
    if (number("FAULT_SIGNAL") > 0) {
        send_later(call, what);
        return GO_ON;
    }
    report(0, call, what);
    return (int)number("FAULT_ERRNO");
}

static int fate_of_fd(const char *call, int fd)
{
    char link[64], path[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return strncmp(path, "pipe:", 5) == 0 || strcmp(path, "/dev/urandom") == 0 ? GO_ON : fate(call, path);
}

#define FAIL_UNLESS_GO_ON(told)        \
    do {                               \
        int errno_ = (told);           \
        if (errno_ > 0) {              \
            errno = errno_;            \
            return -1;                 \
        }                              \
    } while (0)
#define MODE(flags, last) (((flags) & (O_CREAT | O_TMPFILE)) ? (mode_t)va_arg(last, int) : 0)
