// hugetlbwriter: MAP_HUGETLB memory, which pre-dumps leave alone (soft-dirty doesn't see it) and the final dump takes completely.
// In no list: CRIU 3.17 considers such pages clean. After a pre-dump of its own its restore loops for ever (and fills
// the disk with its log), after ours its dump fails for the missing page. For `chain --criu` with a newer one.
#include "chain.h"

enum { HUGE = 512 };

int main(void)
{
    struct area huge, small;
    FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "w");
    if (!pool || fputs("8", pool) < 0 || fclose(pool))
        die("nr_hugepages");
    void *m = mmap(0, 2 * HUGE * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (m == MAP_FAILED)
        die("MAP_HUGETLB");
    area_fill(&huge, m, 2 * HUGE, 1);
    area_fill(&small, map_private(512), 512, 2);
    victim_ready();
    do {
        area_touch(&huge, 2);
        area_touch(&small, 2);
        area_check_some(&huge, "huge");
        area_check_some(&small, "small");
        if (victim_step())
            victim_stepped();
    } while (victim_round(60));
    area_check(&huge, "huge");
    area_check(&small, "small");
    return victim_verdict();
}
