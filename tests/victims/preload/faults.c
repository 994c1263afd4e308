/* Loaded into predump by LD_PRELOAD: makes the N-th of the calls named in $FAULT_CALLS fail, or sends predump a signal
 * there. Calls are counted over all threads, from the first line of predump's Main (its signal(SIGXFSZ)).
 *   FAULT_CALLS=write,openat   which calls count: *, or names
 *   FAULT_AT=N                 which of them
 *   FAULT_ERRNO=28             it fails so; 0: it does half of its work (read, write, process_vm_readv)
 *   FAULT_SIGNAL=9 FAULT_DELAY=MICROSECONDS   instead: this signal is sent after that delay
 *   FAULT_REPORT=FILE          gets a report: CLOCK_MONOTONIC in ns of the signal, the call, its path or request;
 *                              without FAULT_AT: the total number of calls
 * Pipes (standard output, the runtime's own) and /dev/urandom never fail; nor does memory that the runtime asks for. */
#include "faults.h"

__sighandler_t signal(int number_, __sighandler_t handler)
{
    if (number_ == SIGXFSZ)
        atomic_store(&in_main, 1);
    return REAL(__sighandler_t, signal, int, __sighandler_t)(number_, handler);
}

static int open_(const char *path, int flags, mode_t mode)
{
    FAIL_UNLESS_GO_ON(fate("open", path));
    return (int)raw(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = MODE(flags, rest);
    va_end(rest);
    return open_(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = MODE(flags, rest);
    va_end(rest);
    return open_(path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = MODE(flags, rest);
    va_end(rest);
    FAIL_UNLESS_GO_ON(fate("openat", path));
    return (int)raw(SYS_openat, directory, path, flags, mode);
}

ssize_t read(int fd, void *to, size_t length)
{
    int told = fate_of_fd("read", fd);
    FAIL_UNLESS_GO_ON(told);
    return REAL(ssize_t, read, int, void *, size_t)(fd, to, told == HALF && length > 1 ? length / 2 : length);
}

ssize_t write(int fd, const void *from, size_t length)
{
    int told = fate_of_fd("write", fd);
    FAIL_UNLESS_GO_ON(told);
    return REAL(ssize_t, write, int, const void *, size_t)(fd, from, told == HALF && length > 1 ? length / 2 : length);
}

ssize_t pread(int fd, void *to, size_t length, off_t at)
{
    FAIL_UNLESS_GO_ON(fate_of_fd("pread", fd));
    return REAL(ssize_t, pread, int, void *, size_t, off_t)(fd, to, length, at);
}

ssize_t pread64(int fd, void *to, size_t length, off64_t at)
{
    FAIL_UNLESS_GO_ON(fate_of_fd("pread", fd));
    return REAL(ssize_t, pread64, int, void *, size_t, off64_t)(fd, to, length, at);
}

static ssize_t pwrite_(int fd, const void *from, size_t length, off_t at)
{
    int told = fate_of_fd("pwrite", fd);
    FAIL_UNLESS_GO_ON(told);
    return raw(SYS_pwrite64, fd, from, told == HALF && length > 1 ? length / 2 : length, at);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at)
{
    return pwrite_(fd, from, length, at);
}

ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at)
{
    return pwrite_(fd, from, length, at);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned int flags)
{
    int told = fate_of_fd("copy_file_range", to);
    FAIL_UNLESS_GO_ON(told);
    if (told == HALF && length > 1)
        length /= 2;
    return REAL(ssize_t, copy_file_range, int, off64_t *, int, off64_t *, size_t,
                unsigned int)(from, from_at, to, to_at, length, flags);
}

off_t lseek(int fd, off_t offset, int whence)
{
    if (whence == SEEK_DATA || whence == SEEK_HOLE) /* others are the runtime's */
        FAIL_UNLESS_GO_ON(fate_of_fd("lseek", fd));
    return raw(SYS_lseek, fd, offset, whence);
}

int ftruncate(int fd, off_t length)
{
    FAIL_UNLESS_GO_ON(fate_of_fd("ftruncate", fd));
    return (int)raw(SYS_ftruncate, fd, length);
}

int close(int fd)
{
    int told = fate_of_fd("close", fd);
    int done = (int)raw(SYS_close, fd); /* a close that fails has closed all the same */
    FAIL_UNLESS_GO_ON(told);
    return done;
}

int renameat(int from, const char *old, int to, const char *new)
{
    FAIL_UNLESS_GO_ON(fate("renameat", new));
    return REAL(int, renameat, int, const char *, int, const char *)(from, old, to, new);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if ((request & 0xff00) == 'f' << 8) /* PAGEMAP_SCAN: the terminal's are the runtime's */
        FAIL_UNLESS_GO_ON(fate_of_fd("ioctl", fd));
    return REAL(int, ioctl, int, unsigned long, void *)(fd, request, argument);
}

void *mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset)
{
    int told = (flags & MAP_POPULATE) ? fate("mmap", "populated") : GO_ON; /* without it: the runtime's */
    if (told > 0) {
        errno = told;
        return MAP_FAILED;
    }
    return (void *)raw(SYS_mmap, at, length, prot, flags, fd, offset);
}

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long locals, const struct iovec *remote,
                         unsigned long remotes, unsigned long flags)
{
    int told = fate("process_vm_readv", "");
    FAIL_UNLESS_GO_ON(told);
    struct iovec half = local[0];
    half.iov_len = half.iov_len / 8192 * 4096;
    return REAL(ssize_t, process_vm_readv, pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
                unsigned long)(pid, told == HALF && half.iov_len ? &half : local, locals, remote, remotes, flags);
}

long ptrace(int request, ...)
{
    va_list rest;
    va_start(rest, request);
    pid_t pid = va_arg(rest, pid_t);
    void *at = va_arg(rest, void *), *data = va_arg(rest, void *);
    va_end(rest);
    char what[32];
    snprintf(what, sizeof what, "%x", request);
    FAIL_UNLESS_GO_ON(fate("ptrace", what));
    return REAL(long, ptrace, int, pid_t, void *, void *)(request, pid, at, data);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    FAIL_UNLESS_GO_ON(fate("waitpid", ""));
    return REAL(pid_t, waitpid, pid_t, int *, int)(pid, status, options);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    FAIL_UNLESS_GO_ON(fate("poll", ""));
    return REAL(int, poll, struct pollfd *, nfds_t, int)(fds, count, timeout);
}

ssize_t getdents64(int fd, void *to, size_t length)
{
    FAIL_UNLESS_GO_ON(fate_of_fd("getdents64", fd));
    return REAL(ssize_t, getdents64, int, void *, size_t)(fd, to, length);
}

int socketpair(int domain, int type, int protocol, int pair[2])
{
    FAIL_UNLESS_GO_ON(fate("socketpair", ""));
    return REAL(int, socketpair, int, int, int, int *)(domain, type, protocol, pair);
}

int unlinkat(int directory, const char *path, int flags)
{
    (void)fate("unlinkat", path); /* can't be cleared up after: only a place for signals */
    return REAL(int, unlinkat, int, const char *, int)(directory, path, flags);
}

int sched_setscheduler(pid_t pid, int policy, const void *parameters)
{
    FAIL_UNLESS_GO_ON(fate("sched_setscheduler", ""));
    return REAL(int, sched_setscheduler, pid_t, int, const void *)(pid, policy, parameters);
}

long syscall(long call, ...)
{
    va_list rest;
    va_start(rest, call);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long), e = va_arg(rest, long);
    va_end(rest);
    if (call == SYS_pidfd_open)
        FAIL_UNLESS_GO_ON(fate("pidfd_open", ""));
    return raw(call, a, b, c, d, e);
}
