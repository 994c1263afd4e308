// toucher [MB]: one task, private anonymous memory, 4 random pages rewritten a round. Page 0 is never written again:
// the negative proofs need a page that is clean for certain.
#include "chain.h"

int main(int argc, char **argv)
{
    struct area a;
    size_t pages = (argc > 1 ? atol(argv[1]) : 16) * 256;
    void *mem = map_private(pages);
    madvise(mem, pages * PAGE, MADV_NOHUGEPAGE); // so that one write makes one page dirty: `chain` counts them
    area_fill(&a, mem, pages, 42);
    say("STILL %p", (void *)a.mem);
    victim_ready();
    do {
        area_touch_from(&a, 1, 4);
        area_check_some(&a, "area");
        if (victim_step())
            victim_stepped();
    } while (victim_round(50));
    area_check(&a, "area");
    return victim_verdict();
}
