// swapped: with each step half of the memory goes to swap (where there is some: chain-list makes it in the VM), most
// of it clean. A page in swap is memory like any other, and carries its soft-dirty bit there.
#include "chain.h"
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static long swap_kb(void)
{
    char line[256];
    long kb = 0, n;
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Swap: %ld", &n) == 1)
            kb = n;
    if (f)
        fclose(f);
    return kb;
}

int main(void)
{
    enum { PAGES = 2048 };
    struct area a;
    area_fill(&a, map_private(PAGES), PAGES, 3);
    victim_ready();
    do {
        if (victim_step()) {
            madvise(a.mem, PAGES / 2 * PAGE, MADV_PAGEOUT);
            say("swapped out: %ld kB", swap_kb());
            victim_stepped();
        }
        area_touch_from(&a, PAGES / 2, 4);
        // (the lower half is left alone, or it would not stay in swap)
        area_check_pages(&a, PAGES / 2, PAGES, "upper half");
    } while (victim_round(60));
    area_check(&a, "area");
    return victim_verdict();
}
