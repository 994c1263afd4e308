// moved: three areas of complete page tables, which change places with the first step (and the third, and so on): the kernel
// moves the tables and marks no page as changed. The parent has pages at each place, so old bytes would be restored silently.
#include "chain.h"

enum { TABLE = 512, PAGES = 2 * TABLE, AREAS = 3 };
static struct area area[AREAS];

static void move(struct area *a, void *to)
{
    if (mremap(a->mem, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
        die("mremap");
    a->mem = to;
}

static void change_places(void *between)
{
    void *left = area[0].mem;
    move(&area[0], between);
    for (int n = 1; n < AREAS; n++) {
        void *to = left;
        left = area[n].mem;
        move(&area[n], to);
    }
    move(&area[0], left);
}

int main(void)
{
    // one place more than there are areas, and room between them
    char *place = map_private((AREAS + 2) * 2 * PAGES);
    place = (char *)(((uintptr_t)place + TABLE * PAGE - 1) & ~(uintptr_t)(TABLE * PAGE - 1));
    madvise(place, (AREAS + 1) * 2 * PAGES * PAGE, MADV_NOHUGEPAGE); // (a huge page keeps its mark)
    for (int n = 0; n <= AREAS; n++)
        munmap(place + (2 * n + 1) * PAGES * PAGE, PAGES * PAGE);
    munmap(place + 2 * AREAS * PAGES * PAGE, PAGES * PAGE);
    for (int n = 0; n < AREAS; n++)
        area_fill(&area[n], place + 2 * n * PAGES * PAGE, PAGES, 60 + n);
    victim_ready();
    do {
        for (int n = 0; n < AREAS; n++) {
            area_touch(&area[n], 1);
            area_check_some(&area[n], "area");
        }
        if (victim_step()) {
            if (victim_steps_done % 2 == 0)
                change_places(place + 2 * AREAS * PAGES * PAGE);
            victim_stepped();
        }
    } while (victim_round(50));
    for (int n = 0; n < AREAS; n++)
        area_check(&area[n], "area");
    return victim_verdict();
}
