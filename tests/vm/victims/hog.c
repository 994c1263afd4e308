// hog MB TASKS: TASKS processes hold MB megabytes in all, no two pages alike; SIGUSR1 to the first has each write every
// 20th of its pages (5 %, scattered) and print "dirtied". No transparent huge pages, or one write would dirty 2 MB.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile uint64_t *memory;
static size_t pages;

static void dirty(uint64_t round)
{
    for (size_t i = round % 20; i < pages; i += 20)
        memory[i * 512 + 3] += round;
}

int main(int argc, char **argv)
{
    int tasks = argc > 2 ? atoi(argv[2]) : 1;
    pages = (size_t)atol(argv[1]) * 256 / tasks;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, 0);
    pid_t children[1024];
    int first = 1;
    int ready[2];
    if (pipe(ready))
        return 1;
    for (int t = 1; t < tasks; t++)
        if (!(children[t] = fork())) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            first = 0;
            break;
        }
    memory = mmap(0, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise((void *)memory, pages * 4096, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < pages; i++)
        for (int k = 0; k < 512; k += 64)
            memory[i * 512 + k] = (i + getpid()) * 0x9E3779B97F4A7C15ull + k;
    char c = 0;
    if (first)
        for (int t = 1; t < tasks; t++)
            if (read(ready[0], &c, 1) != 1)
                return 1;
    if (!first && write(ready[1], &c, 1) != 1)
        return 1;
    if (first) {
        printf("READY %d\n", getpid());
        fflush(stdout);
    }
    for (uint64_t round = 1;; round++) {
        int signal;
        sigwait(&set, &signal);
        dirty(round);
        if (first) {
            for (int t = 1; t < tasks; t++)
                kill(children[t], SIGUSR1);
            for (int t = 1; t < tasks; t++)
                if (read(ready[0], &c, 1) != 1)
                    return 1;
            printf("dirtied\n");
            fflush(stdout);
        } else if (write(ready[1], &c, 1) != 1)
            return 1;
    }
}
