// ticker [MB]: toucher's memory, and a thread that reads the clock every millisecond. With each STEP it tells how many
// microseconds its latest reading came too late since the STEP before ("GAP N"): how long it was frozen at a time, at most.
#include "chain.h"

static volatile uint64_t gap;

static uint64_t microseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static void *tick(void *unused)
{
    (void)unused;
    for (;;) {
        uint64_t before = microseconds(), late;
        nap(1);
        late = microseconds() - before - 1000;
        if (late > gap)
            gap = late;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct area a;
    pthread_t ticker;
    size_t pages = (argc > 1 ? atol(argv[1]) : 16) * 256;
    void *mem = map_private(pages);
    madvise(mem, pages * PAGE, MADV_NOHUGEPAGE);
    area_fill(&a, mem, pages, 42);
    say("STILL %p", (void *)a.mem);
    pthread_create(&ticker, NULL, tick, NULL);
    victim_ready();
    do {
        area_touch_from(&a, 1, 4);
        area_check_some(&a, "area");
        if (victim_step()) {
            say("GAP %lu", (unsigned long)gap);
            gap = 0;
            victim_stepped();
        }
    } while (victim_round(50));
    area_check(&a, "area");
    return victim_verdict();
}
