/* Moves complete page tables over others, at each SIGUSR1 to the process that started it, without writing a byte of its
 * private memory (not even of its stack: it makes the same call from the same place before READY): memory changes although
 * nothing writes to it. 2 MiB at a time, from the end to the start. It has also reserved much more than it uses. */
#include "victim.h"

#define TABLE (512 * PAGE)
#define MOST 8
#define RESERVED (1UL << 24) /* pages */

static volatile struct {
    long call, from, bytes, to;
    int go, done;
} *order; /* shared: no image has it */

static volatile sig_atomic_t asked;

static void ask(int signal)
{
    (void)signal;
    asked++;
}

static _Noreturn void obey(char *area)
{
    for (int i = 0; i < 2 * MOST; i++)
        fill(area + i * TABLE, 512, (unsigned long)i + 1);
    for (;;) {
        while (!order->go)
            ;
        order->go = 0;
        syscall(order->call, order->from, order->bytes, order->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, order->to);
        order->done++;
    }
}

int main(int argc, char **argv)
{
    if (argc == 1) { /* again without restartable sequences, as the kernel writes the CPU number to a task that uses them */
        MUST(setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1));
        MUST(execl("/proc/self/exe", argv[0], "again", NULL));
    }
    die_with_parent();
    order = map(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
    char *area = map((2 * MOST + 2) * 512, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    area = (char *)(((uintptr_t)area + TABLE - 1) & ~(TABLE - 1));
    MUST(madvise(area, 2 * MOST * TABLE, MADV_NOHUGEPAGE));
    (void)map(RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    order->call = SYS_getpid;
    order->go = 1;
    pid_t victim = fork();
    MUST(victim);
    if (victim == 0) {
        die_with_parent();
        obey(area);
    }
    signal(SIGUSR1, ask);
    while (!order->done)
        usleep(1000);
    ready_as(victim);
    for (int moved = 0;;) {
        while (moved == asked || moved == MOST)
            usleep(1000);
        order->call = SYS_mremap;
        order->from = (long)(area + (2 * MOST - 1 - moved) * TABLE);
        order->to = (long)(area + moved * TABLE);
        order->bytes = TABLE;
        int before = order->done;
        order->go = 1;
        while (order->done == before)
            usleep(1000);
        moved++;
        printf("MOVED %d\n", moved);
        fflush(stdout);
    }
}
