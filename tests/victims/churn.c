// churn: threads that never sleep in one address space. Some map, unmap, protect, move, grow, drop, free lazily, guard and
// replace their memory and the heap; others rewrite and check theirs meanwhile.
#include "chain.h"
#include <pthread.h>

enum { CHURNERS = 3, AREAS = 8, PAGES = 32, WRITERS = 2, WRITTEN = 256, HEAP = 48 };
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
static struct area area[CHURNERS][AREAS], written[WRITERS];
static uint64_t luck[CHURNERS];

static int roll(long n, int sides)
{
    luck[n] = luck[n] * 6364136223846793005ull + 1442695040888963407ull;
    return (luck[n] >> 33) % sides;
}

// All pages anew, without malloc: its heap is ours to move.
static void refill(struct area *a, void *mem)
{
    a->mem = mem;
    a->salt += 1ull << 32;
    for (size_t i = 0; i < a->pages; i++)
        area_write(a, i);
}

static void must(int wrong, const char *what)
{
    if (wrong)
        die(what);
}

// After MADV_FREE each page is as it was or zero.
static void check_freed(struct area *a)
{
    for (size_t i = 0; i < a->pages; i++) {
        uint64_t *p = a->mem + i * WORDS, first = p[0];
        if (first && first != area_base(a, i)) {
            say("BAD page %zu at %p after MADV_FREE: %016llx", i, (void *)p, (unsigned long long)first);
            victim_bad = 1;
        }
    }
}

static void churn(long n, struct area *a)
{
    const size_t bytes = PAGES * PAGE;
    char *mem = (char *)a->mem, *to;
    switch (roll(n, 10)) {
    case 0: // another mapping in the same place
        must(mmap(mem, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED, "mmap over");
        refill(a, mem);
        break;
    case 1: // another mapping elsewhere
        munmap(mem, bytes);
        refill(a, map_private(PAGES));
        break;
    case 2: // the same pages elsewhere
        to = map_private(PAGES);
        if (mremap(mem, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
            must(errno != EFAULT, "mremap"); // it consists of several mappings now; the memory at the new place is gone
            munmap(mem, bytes);
            refill(a, map_private(PAGES));
        } else {
            a->mem = (uint64_t *)to;
        }
        break;
    case 3: // grown and shrunk, moved if it must be
        to = mremap(mem, bytes, 2 * bytes, MREMAP_MAYMOVE);
        if (to == MAP_FAILED) {
            must(errno != EFAULT, "mremap, to grow");
            break;
        }
        memset(to + bytes, 1, bytes);
        must(mremap(to, 2 * bytes, bytes, 0) == MAP_FAILED, "mremap, to shrink");
        a->mem = (uint64_t *)to;
        break;
    case 4: // dropped and written again
        must(madvise(mem, bytes, MADV_DONTNEED), "MADV_DONTNEED");
        refill(a, mem);
        break;
    case 5: // to be dropped when the kernel likes
        must(madvise(mem, bytes, MADV_FREE), "MADV_FREE");
        check_freed(a);
        refill(a, mem);
        break;
    case 6: // (EINVAL: a kernel without huge pages)
        madvise(mem, bytes, roll(n, 2) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        area_touch(a, 2);
        break;
    case 7: // guards stand in the upper half for a while; kernels before 6.13 have none
        if (madvise(mem + bytes / 2, bytes / 2, MADV_GUARD_INSTALL) == 0) {
            sched_yield();
            must(madvise(mem + bytes / 2, bytes / 2, MADV_GUARD_REMOVE), "MADV_GUARD_REMOVE");
            refill(a, mem);
        }
        break;
    case 8: // hidden and shown
        must(mprotect(mem, bytes, PROT_NONE), "mprotect");
        sched_yield();
        must(mprotect(mem, bytes, PROT_READ | PROT_WRITE), "mprotect");
        area_touch(a, 2);
        break;
    default: // split by a hole in the middle that is filled again
        must(munmap(mem + bytes / 4, PAGE), "munmap a page");
        must(mmap(mem + bytes / 4, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED,
             "mmap a page");
        area_write(a, bytes / 4 / PAGE);
    }
}

static void *churner(void *arg)
{
    long n = (long)arg;
    while (!victim_stop && !victim_bad) {
        for (int i = 0; i < 16; i++)
            churn(n, &area[n][roll(n, AREAS)]);
        area_check(&area[n][roll(n, AREAS)], "churned");
    }
    for (int i = 0; i < AREAS; i++)
        area_check(&area[n][i], "churned");
    return 0;
}

static void *writer(void *arg)
{
    struct area *a = arg;
    while (!victim_stop && !victim_bad) {
        area_touch(a, 32);
        area_check_some(a, "written");
    }
    area_check(a, "written");
    return 0;
}

// The heap's end goes up and down; only the first thread allocates, so the pages are the ones that were given back.
static void heave(struct area *heap)
{
    static int up;
    if (up) {
        area_check(heap, "heap");
        must(sbrk(-HEAP * PAGE) == (void *)-1, "sbrk down");
    } else {
        char *at = sbrk(HEAP * PAGE);
        must(at == (void *)-1, "sbrk up");
        refill(heap, at);
    }
    up = !up;
}

int main(void)
{
    pthread_t thread[CHURNERS + WRITERS];
    struct area heap;
    area_fill(&heap, map_private(HEAP), HEAP, 99);
    for (long n = 0; n < CHURNERS; n++) {
        luck[n] = n + 1;
        for (int i = 0; i < AREAS; i++)
            area_fill(&area[n][i], map_private(PAGES), PAGES, n * AREAS + i);
        must(pthread_create(&thread[n], 0, churner, (void *)n), "pthread_create");
    }
    for (long n = 0; n < WRITERS; n++) {
        area_fill(&written[n], map_private(WRITTEN), WRITTEN, 50 + n);
        must(pthread_create(&thread[CHURNERS + n], 0, writer, &written[n]), "pthread_create");
    }
    victim_ready();
    do {
        heave(&heap);
        if (victim_step())
            victim_stepped();
    } while (victim_round(5));
    for (int i = 0; i < CHURNERS + WRITERS; i++)
        pthread_join(thread[i], 0);
    return victim_verdict();
}
