// walker [MB [MB/s]]: rewrites its memory (128 MiB) page by page, always at the same rate (4 MiB/s), by the clock, however busy
// the machine is: the shorter a round, the less it leaves to the next one.
#include "chain.h"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct area a;
    size_t pages = (argc > 1 ? atol(argv[1]) : 128) * 256, rate = (argc > 2 ? atol(argv[2]) : 4) * 256, at = 0;
    void *mem = map_private(pages);
    madvise(mem, pages * PAGE, MADV_NOHUGEPAGE);
    area_fill(&a, mem, pages, 11);
    victim_ready();
    double last = seconds();
    do {
        double now = seconds(), pause = now - last;
        // (after a restore it does not make up for the time that it did not live)
        for (size_t n = (pause < 1 ? pause : 1) * rate; n > 0 && !victim_stop; n--, at = (at + 1) % pages) {
            a.model[at]++;
            area_write(&a, at);
        }
        last = now;
        area_check_some(&a, "area");
    } while (victim_round(200));
    area_check(&a, "area");
    return victim_verdict();
}
