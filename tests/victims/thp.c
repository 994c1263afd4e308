// thp: 2 MB pages. One write makes 2 MB dirty; holes are punched into huge pages, which splits them; a huge page that
// was only ever read is the huge zero page.
#include "chain.h"

enum { HUGE = 512, PAGES = 8 * HUGE };

static void *map_huge(size_t pages)
{
    char *m = map_private(pages + HUGE);
    m = (char *)(((uintptr_t)m + HUGE * PAGE - 1) & ~(uintptr_t)(HUGE * PAGE - 1));
    if (madvise(m, pages * PAGE, MADV_HUGEPAGE))
        die("MADV_HUGEPAGE");
    return m;
}

static long huge_kb(void)
{
    char line[256];
    long kb = 0, n;
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "AnonHugePages: %ld", &n) == 1)
            kb = n;
    if (f)
        fclose(f);
    return kb;
}

static struct area a, part; // part: all but the last huge page, which is for the holes
static uint64_t *zeros;
static int holes;

static void check_the_split_and_the_zeros(void)
{
    // holes are page 0, 2, 4... of the last huge page, one more with each step
    for (int i = 0; i < HUGE; i++) {
        size_t page = a.pages - HUGE + i;
        uint64_t base = i % 2 == 0 && i / 2 < holes ? 0 : area_base(&a, page);
        for (int w = 0; w < WORDS; w++)
            if (a.mem[page * WORDS + w] != (base ? base + w : 0)) {
                say("BAD split page %d word %d", i, w);
                victim_bad = 1;
                return;
            }
    }
    for (size_t w = 0; w < 2 * HUGE * WORDS; w += 8)
        if (zeros[w]) {
            say("BAD word %zu of the zeros", w);
            victim_bad = 1;
            return;
        }
}

int main(void)
{
    area_fill(&a, map_huge(PAGES), PAGES, 3);
    zeros = map_huge(2 * HUGE);
    part = a;
    part.pages -= HUGE;
    say("huge pages: %ld kB", huge_kb());
    check_the_split_and_the_zeros();
    victim_ready();
    do {
        area_touch(&part, 2);
        area_check_some(&part, "huge area");
        if (victim_step()) {
            if (madvise(a.mem + (a.pages - HUGE + 2 * holes) * WORDS, PAGE, MADV_DONTNEED))
                die("MADV_DONTNEED");
            holes++;
            check_the_split_and_the_zeros();
            victim_stepped();
        }
    } while (victim_round(30));
    area_check(&part, "huge area");
    check_the_split_and_the_zeros();
    return victim_verdict();
}
