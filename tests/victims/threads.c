// threads: five threads in one address space. Each rewrites and checks memory of its own, and a pattern on its stack.
#include "chain.h"
#include <pthread.h>

enum { THREADS = 4 };
static struct area area[THREADS];
static long done[THREADS];

static void *live(void *arg)
{
    long n = (long)arg;
    uint64_t stack[8 * WORDS] __attribute__((aligned(PAGE)));
    struct area onstack;
    area_fill(&onstack, stack, 8, 50 + n);
    while (!victim_stop && !victim_bad) {
        area_touch(&area[n], 4);
        area_touch(&onstack, 1);
        area_check_some(&area[n], "thread's area");
        area_check_some(&onstack, "thread's stack");
        __atomic_add_fetch(&done[n], 1, __ATOMIC_RELAXED);
        nap(60);
    }
    area_check(&area[n], "thread's area");
    area_check(&onstack, "thread's stack");
    return 0;
}

int main(void)
{
    pthread_t t[THREADS];
    for (long n = 0; n < THREADS; n++) {
        area_fill(&area[n], map_private(1024), 1024, n);
        if (pthread_create(&t[n], 0, live, (void *)n))
            die("pthread_create");
    }
    victim_ready();
    do {
        if (victim_step())
            victim_stepped();
        // a round is over when every thread has got on
        for (int n = 0; n < THREADS; n++)
            for (long was = __atomic_load_n(&done[n], __ATOMIC_RELAXED);
                 was == __atomic_load_n(&done[n], __ATOMIC_RELAXED) && !victim_stop && !victim_bad;)
                nap(5);
    } while (victim_round(60));
    for (int n = 0; n < THREADS; n++)
        pthread_join(t[n], 0);
    return victim_verdict();
}
