/* Loaded into predump by LD_PRELOAD: hides PAGEMAP_SCAN, as on kernels before Linux 6.7, so that predump reads the page
 * tables entry by entry. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if ((request & 0xff00) == 'f' << 8) { /* those of file systems, without which predump gets by */
        errno = ENOTTY;
        return -1;
    }
    int (*real)(int, unsigned long, void *) = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
    return real(fd, request, argument);
}
