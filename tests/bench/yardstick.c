// yardstick PID DIR [THREADS]   The fastest copy that the kernel allows: each writable anonymous mapping of PID, 1 MiB at a
//                     time, by process_vm_readv(2) and pwrite(2) into one file, with THREADS threads (1). It copies ranges
//                     without pages too: it is for victims without holes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, MOST = 1 << 20 };

static struct chunk { uint64_t from, bytes, to; } chunks[MOST];
static unsigned count;
static atomic_uint taken;
static pid_t pid;
static int out;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void *copy(void *none)
{
    char *buffer = aligned_alloc(4096, CHUNK);
    for (unsigned i; (i = atomic_fetch_add(&taken, 1)) < count;) {
        struct iovec to = { buffer, chunks[i].bytes }, from = { (void *)chunks[i].from, chunks[i].bytes };
        ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);
        if (got != (ssize_t)chunks[i].bytes)
            die("process_vm_readv");
        if (pwrite(out, buffer, got, chunks[i].to) != got)
            die("pwrite");
    }
    return none;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    char name[4096], line[4096];
    pid = atoi(argv[1]);
    snprintf(name, sizeof name, "/proc/%d/maps", pid);
    FILE *maps = fopen(name, "r");
    if (!maps)
        die(name);
    snprintf(name, sizeof name, "%s/pages", argv[2]);
    out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0)
        die(name);
    uint64_t start, end, inode, at = 0;
    for (char access[5]; fgets(line, sizeof line, maps);)
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*s %" SCNu64, &start, &end, access, &inode) == 4
            && !inode && access[1] == 'w')
            for (uint64_t bytes; start < end && count < MOST; start += bytes, at += bytes) {
                bytes = end - start < CHUNK ? end - start : CHUNK;
                chunks[count++] = (struct chunk){ start, bytes, at };
            }
    int threads = argc > 3 ? atoi(argv[3]) : 1;
    pthread_t others[64];
    for (int i = 1; i < threads; i++)
        if (pthread_create(&others[i], 0, copy, 0))
            die("pthread_create");
    copy(0);
    for (int i = 1; i < threads; i++)
        pthread_join(others[i], 0);
    return 0;
}
