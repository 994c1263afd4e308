// workload BOARD KIND [NUMBER...]: a victim that prints READY when its memory is set up as its kind demands.
//   memory MB       MB of pages of random bytes, without huge pages
//   scattered MB    the same, but only every 8th page is there; SIGUSR1 writes to each of them
//   thp MB          the same in transparent huge pages
//   busy MB         memory, and a thread that writes to random pages of it and counts that on the board
//   vmas N          N mappings of a page each
//   threads N SPIN  N threads, SPIN of which never sleep
//   tasks N MB      N processes of MB MiB
//   floats MB       of three pages one of zeros, and two of floats, half of which are zero, in stretches of 16
//   sparse TB MB    TB TiB of reserved addresses, MB MiB of pages in them, a page here and there
// A thread with real-time priority reads the clock every 100 microseconds; its longest delay is on the board.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, HUGE = 2 << 20, PERIOD_NS = 100000 };

static volatile struct board { uint64_t gap_ns, writes, dirtied; } *board;
static uint64_t state = 88172645463325252ull;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static char *map(size_t bytes, int flags)
{
    char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (at == MAP_FAILED)
        die("mmap");
    return at;
}

static void scribble(char *page)
{
    for (int i = 0; i < PAGE; i += 8)
        *(uint64_t *)(page + i) = next();
}

// Writes to every step-th page of the range.
static char *fill(size_t bytes, size_t step, int advice)
{
    char *all = map(bytes + HUGE, 0), *at = (char *)(((uintptr_t)all + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
    munmap(at + bytes, all + HUGE - at);
    if (at > all)
        munmap(all, at - all);
    madvise(at, bytes, advice);
    for (size_t i = 0; i < bytes; i += step * PAGE)
        scribble(at + i);
    return at;
}

static void thread(void *(*work)(void *), void *arg)
{
    pthread_t t;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    if (pthread_create(&t, &small, work, arg))
        die("pthread_create");
}

static void *probe(void *none)
{
    struct sched_param priority = { .sched_priority = 50 };
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
    prctl(PR_SET_TIMERSLACK, 1000);
    for (uint64_t before = now();;) {
        struct timespec period = { 0, PERIOD_NS };
        nanosleep(&period, 0);
        uint64_t after = now(), gap = after - before;
        if (gap > PERIOD_NS && gap - PERIOD_NS > board->gap_ns)
            board->gap_ns = gap - PERIOD_NS;
        before = after;
    }
    return none;
}

static char *busy;
static size_t busy_pages;

static void *work(void *none)
{
    uint64_t at = 1;
    for (;;) {
        at = at * 6364136223846793005ull + 1442695040888963407ull;
        (*(uint64_t *)(busy + (at >> 20) % busy_pages * PAGE))++;
        board->writes++;
    }
    return none;
}

static void *spin(void *none)
{
    for (volatile uint64_t i = 0;; i++)
        ;
    return none;
}

static void *rest(void *none)
{
    for (;;)
        pause();
    return none;
}

int main(int argc, char **argv)
{
    int fd = argc > 2 ? open(argv[1], O_RDWR) : -1;
    if (fd < 0)
        die("workload BOARD KIND");
    board = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *kind = argv[2];
    size_t n = argc > 3 ? atol(argv[3]) : 0, m = argc > 4 ? atol(argv[4]) : 0;
    size_t mib = 1 << 20, bytes = n * mib, step = 1;
    char *memory = 0;
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, 0);

    if (!strcmp(kind, "memory")) {
        memory = fill(bytes, 1, MADV_NOHUGEPAGE);
        step = 8;
    } else if (!strcmp(kind, "scattered")) {
        memory = fill(bytes, step = 8, MADV_NOHUGEPAGE);
    } else if (!strcmp(kind, "thp")) {
        memory = fill(bytes, 1, MADV_HUGEPAGE);
        step = 512;
    } else if (!strcmp(kind, "busy")) {
        busy = fill(bytes, 1, MADV_NOHUGEPAGE);
        busy_pages = bytes / PAGE;
        thread(work, 0);
    } else if (!strcmp(kind, "vmas")) {
        char *at = map(n * PAGE, 0); // neighbours of different protection are not merged
        for (size_t i = 0; i < n; i++) {
            at[i * PAGE] = i;
            if (i % 2 && mprotect(at + i * PAGE, PAGE, PROT_READ))
                die("mprotect");
        }
    } else if (!strcmp(kind, "threads")) {
        for (size_t i = 0; i < n; i++)
            thread(i < m ? spin : rest, 0);
    } else if (!strcmp(kind, "tasks")) {
        int ready[2];
        char c = 0;
        if (pipe(ready))
            die("pipe");
        for (size_t i = 1; i < n; i++)
            if (!fork()) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                state += i;
                fill(m * mib, 1, MADV_NOHUGEPAGE);
                if (write(ready[1], &c, 1) == 1)
                    rest(0);
            }
        fill(m * mib, 1, MADV_NOHUGEPAGE);
        for (size_t i = 1; i < n; i++)
            if (read(ready[0], &c, 1) != 1)
                die("read");
    } else if (!strcmp(kind, "floats")) {
        float *at = (float *)(memory = map(bytes, 0));
        madvise(memory, bytes, MADV_NOHUGEPAGE);
        step = 8;
        for (size_t i = 0; i < bytes / sizeof *at; i++)
            at[i] = i / (PAGE / sizeof *at) % 3 && i / 16 % 2 ? (float)(next() >> 40) / (1 << 24) : 0;
    } else if (!strcmp(kind, "sparse")) {
        char *at = map(n << 40, MAP_NORESERVE);
        madvise(at, n << 40, MADV_NOHUGEPAGE);
        size_t pages = m * mib / PAGE;
        for (size_t i = 0; i < pages; i++) // 16 pages in one place
            scribble(at + ((n << 40) / (pages / 16) * (i / 16) & ~(size_t)(PAGE - 1)) + i % 16 * PAGE);
    } else {
        fprintf(stderr, "%s: no such kind\n", kind);
        return 1;
    }
    thread(probe, 0);
    printf("READY\n");
    fflush(stdout);
    for (int signal; !sigwait(&usr1, &signal); board->dirtied++)
        for (size_t i = 0; memory && i < bytes; i += step * PAGE)
            memory[i]++;
}
