// yardstick PID DIR   The copy that the kernel gives: each writable anonymous mapping of PID, a MiB at a time, by process_vm_readv(2) and
//                     pwrite(2) into one file, and nothing else. What has no pages is copied too: it is for victims without holes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    char name[4096], line[4096];
    size_t chunk = 1 << 20;
    char *buffer = aligned_alloc(4096, chunk);
    snprintf(name, sizeof name, "/proc/%s/maps", argv[1]);
    FILE *maps = fopen(name, "r");
    snprintf(name, sizeof name, "%s/pages", argv[2]);
    int out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (!maps || out < 0 || !buffer) {
        perror(name);
        return 1;
    }
    off_t at = 0;
    while (fgets(line, sizeof line, maps)) {
        uint64_t start, end, inode;
        char access[5];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*s %" SCNu64, &start, &end, access, &inode) != 4 || inode || access[1] != 'w')
            continue;
        while (start < end) {
            struct iovec to = { buffer, end - start < chunk ? end - start : chunk }, from = { (void *)start, to.iov_len };
            ssize_t got = process_vm_readv(atoi(argv[1]), &to, 1, &from, 1, 0);
            if (got <= 0) {
                perror("process_vm_readv");
                return 1;
            }
            if (pwrite(out, buffer, got, at) != got) {
                perror("pwrite");
                return 1;
            }
            at += got;
            start += got;
        }
    }
    return 0;
}
