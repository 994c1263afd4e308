/* Loaded into predump by LD_PRELOAD: hides /proc/PID/task/TID/children, as on kernels without CONFIG_PROC_CHILDREN. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hide(int directory, const char *path, int flags, mode_t mode)
{
    size_t length = strlen(path), end = strlen("/children");
    if (length > end && strcmp(path + length - end, "/children") == 0) {
        errno = ENOENT;
        return -1;
    }
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

#define OPEN(name, before, directory, path) \
    int name(before const char *path, int flags, ...) \
    { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return hide(directory, path, flags, mode); \
    }

#define NOTHING
#define DIRECTORY int at,
OPEN(open, NOTHING, AT_FDCWD, path)
OPEN(open64, NOTHING, AT_FDCWD, path)
OPEN(openat, DIRECTORY, at, path)
OPEN(openat64, DIRECTORY, at, path)
