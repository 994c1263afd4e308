// hugezero: memory that is first read after the first round, so that a huge zero page turns up: to the pagemap (before
// PAGEMAP_SCAN) present, clean and no zero page, but not in the parent. CRIU 3.17 as the second round fails on it.
#include "chain.h"

enum { HUGE = 512 };

int main(void)
{
    struct area a;
    area_fill(&a, map_private(512), 512, 3);
    char *m = map_private(3 * HUGE);
    uint64_t *zeros = (uint64_t *)(((uintptr_t)m + HUGE * PAGE - 1) & ~(uintptr_t)(HUGE * PAGE - 1));
    if (madvise(zeros, 2 * HUGE * PAGE, MADV_HUGEPAGE))
        die("MADV_HUGEPAGE");
    victim_ready();
    do {
        area_touch(&a, 2);
        area_check(&a, "area");
        for (size_t w = 0; victim_step() && w < 2 * HUGE * WORDS; w += 8)
            if (zeros[w]) {
                say("BAD word %zu of the zeros", w);
                victim_bad = 1;
                break;
            }
        if (victim_step())
            victim_stepped();
    } while (victim_round(50));
    for (size_t w = 0; w < 2 * HUGE * WORDS; w++)
        victim_bad |= zeros[w] != 0;
    return victim_verdict();
}
