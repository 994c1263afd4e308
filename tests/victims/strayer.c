// strayer: 4 MiB of clean memory, complete page tables, that move to addresses where there was nothing, with the first step, and
// back with the second one. Pages that look clean are then where the last round has none: criu dump misses them in its parent.
#include "chain.h"

enum { MIB = 1 << 20, PAGES = 4 * MIB / PAGE };

int main(void)
{
    struct area area, other;
    char *room = mmap(0, 32 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        die("mmap");
    room += 2 * MIB - (uintptr_t)room % (2 * MIB);
    char *place[] = { room + 4 * MIB, room + 16 * MIB };
    void *mem = mmap(place[0], 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (mem == MAP_FAILED || madvise(mem, 4 * MIB, MADV_NOHUGEPAGE))
        die("mmap");
    area_fill(&area, mem, PAGES, 1);
    area_fill(&other, map_private(256), 256, 2);
    victim_ready();
    do {
        area_touch(&other, 4);
        area_check_some(&area, "moved");
        area_check_some(&other, "the other");
        if (victim_step()) {
            void *to = place[(victim_steps_done + 1) % 2];
            if (mremap(area.mem, 4 * MIB, 4 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
                die("mremap");
            area.mem = to;
            victim_stepped();
        }
    } while (victim_round(50));
    area_check(&area, "moved");
    area_check(&other, "the other");
    return victim_verdict();
}
