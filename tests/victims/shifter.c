// shifter: two areas of 8 MiB. At each SIGUSR1 one is moved over the other, complete page tables at once, which the kernel's
// dirty tracking does not see (mremap(2), HAVE_MOVE_PMD); new memory takes its old place. It writes little else, so that
// pages that look clean stay clean.
#include "chain.h"

enum { MIB = 1 << 20, PAGES = 8 * MIB / PAGE };

static void *place(void *at)
{
    void *mem = mmap(at, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mem == MAP_FAILED || madvise(mem, 8 * MIB, MADV_NOHUGEPAGE)) // huge pages are moved with their marks
        die("mmap");
    return mem;
}

int main(void)
{
    struct area moves, is_over;
    // Without access around them, so that neither is merged with a neighbour.
    char *room = mmap(0, 32 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        die("mmap");
    room += 2 * MIB - (uintptr_t)room % (2 * MIB);
    area_fill(&moves, place(room), PAGES, 1);
    area_fill(&is_over, place(room + 16 * MIB), PAGES, 2);
    say("STILL %p", (void *)moves.mem);
    victim_ready();
    do {
        area_check_some(&moves, "moved");
        area_check_some(&is_over, "the other");
        if (!victim_step())
            continue;
        void *left = moves.mem;
        if (mremap(moves.mem, 8 * MIB, 8 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, is_over.mem) == MAP_FAILED)
            die("mremap");
        moves.mem = is_over.mem;
        free(is_over.model);
        area_fill(&is_over, place(left), PAGES, 3 + victim_steps_done);
        victim_stepped();
    } while (victim_round(50));
    area_check(&moves, "moved");
    area_check(&is_over, "the other");
    return victim_verdict();
}
