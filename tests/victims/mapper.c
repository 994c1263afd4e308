// mapper: mappings that come, go, move, grow and shrink while pages inside are clean. An old page must never show
// in a new mapping, a moved page must keep its contents, a dropped one must stay zero.
#include "chain.h"
#include <fcntl.h>

enum { PAGES = 256 };
static struct area still, moving, fresh, heap, filed;
static uint64_t *dropped;
static const char *const file = "/usr/bin/bash";
static int fd;

static void check(void)
{
    area_check(&still, "still");
    area_check(&moving, "moved mapping");
    area_check(&fresh, "fresh mapping");
    area_check(&heap, "heap");
    area_check(&filed, "private file mapping");
    for (int w = 0; w < PAGES * WORDS; w++)
        if (w / WORDS % 2 == 0 ? dropped[w] != 0 : dropped[w] != (uint64_t)w) {
            say("BAD word %d of the mapping with dropped pages", w);
            victim_bad = 1;
            return;
        }
}

static void fill_dropped(void)
{
    for (int w = 0; w < PAGES * WORDS; w++)
        dropped[w] = w;
    for (int i = 0; i < PAGES; i += 2)
        if (madvise(dropped + i * WORDS, PAGE, MADV_DONTNEED))
            die("MADV_DONTNEED");
}

// A file mapping of which the upper half is ours by writing and the lower half the file's.
static void map_file(void)
{
    char *m = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (m == MAP_FAILED)
        die("mmap of a file");
    area_fill(&filed, m + 32 * PAGE, 32, 77);
}

static void check_file(void)
{
    static char page[PAGE];
    for (int i = 0; i < 32; i++)
        if (pread(fd, page, PAGE, i * PAGE) != PAGE || memcmp(page, (char *)filed.mem - (32 - i) * PAGE, PAGE)) {
            say("BAD page %d of the file's half", i);
            victim_bad = 1;
            return;
        }
}

int main(void)
{
    if ((fd = open(file, O_RDONLY)) < 0)
        die(file);
    area_fill(&still, map_private(PAGES), PAGES, 1);
    area_fill(&moving, map_private(PAGES), PAGES, 2);
    area_fill(&fresh, map_private(PAGES), PAGES, 3);
    area_fill(&heap, sbrk(PAGES * PAGE), PAGES, 4);
    dropped = map_private(PAGES);
    fill_dropped();
    map_file();
    victim_ready();
    do {
        if (victim_step()) {
            int n = victim_steps_done + 1;
            // the same place, another mapping, other bytes
            int flags = MAP_PRIVATE | MAP_ANONYMOUS;
            if (mmap(fresh.mem, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, -1, 0) == MAP_FAILED)
                die("mmap over");
            free(fresh.model);
            area_fill(&fresh, fresh.mem, PAGES, 100 + n);
            // clean pages at a new address, and the old one used again
            void *to = map_private(2 * PAGES), *was = moving.mem;
            if (mremap(was, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
                die("mremap");
            moving.mem = to;
            if (mmap(was, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
                die("mmap at the old place");
            memset(was, n, PAGE);
            // the last page of the still area is cut off and dropped
            still.pages--;
            munmap(still.mem + still.pages * WORDS, PAGE);
            fill_dropped();
            sbrk(PAGE * 16);
            victim_stepped();
        }
        area_touch(&heap, 2);
        area_touch(&filed, 1);
        area_touch(&fresh, 1);
        check();
        check_file();
    } while (victim_round(60));
    check();
    check_file();
    return victim_verdict();
}
