// storm: never sleeps. One task rewrites pages, the other tears its mappings down, moves them, drops and refills them,
// so that pages change, go and come while a pre-dump reads them. What it reads then may be torn or missing; what the
// chain restores may not.
#include "chain.h"
#include <sched.h>

enum { AREAS = 24, PAGES = 64 };
static struct area area[AREAS];
static uint64_t luck = 12345;

static int roll(int n)
{
    luck = luck * 6364136223846793005ull + 1442695040888963407ull;
    return (luck >> 33) % n;
}

static void refill(struct area *a, void *mem)
{
    free(a->model);
    area_fill(a, mem, PAGES, roll(1 << 20));
}

static void churn(struct area *a)
{
    void *to;
    switch (roll(5)) {
    case 0: // another mapping in the same place
        if (mmap(a->mem, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            die("mmap over");
        refill(a, a->mem);
        break;
    case 1: // another mapping elsewhere
        munmap(a->mem, PAGES * PAGE);
        refill(a, map_private(PAGES));
        break;
    case 2: // the same pages elsewhere
        to = map_private(PAGES);
        if (mremap(a->mem, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
            die("mremap");
        a->mem = to;
        break;
    case 3: // dropped and written again
        madvise(a->mem, PAGES * PAGE, MADV_DONTNEED);
        refill(a, a->mem);
        break;
    default: // hidden and shown
        mprotect(a->mem, PAGES * PAGE, PROT_NONE);
        sched_yield();
        mprotect(a->mem, PAGES * PAGE, PROT_READ | PROT_WRITE);
        area_touch(a, 2);
    }
}

static void rewrite_for_ever(long n)
{
    struct area a;
    area_fill(&a, map_private(1024), 1024, n);
    while (!victim_stop && !victim_bad) {
        area_touch(&a, 64);
        area_check_some(&a, "rewritten");
    }
    area_check(&a, "rewritten");
}

int main(void)
{
    for (int i = 0; i < AREAS; i++)
        area_fill(&area[i], map_private(PAGES), PAGES, i);
    pid_t child = spawn(rewrite_for_ever, 77);
    nap(100);
    victim_ready();
    do {
        for (int i = 0; i < 40; i++)
            churn(&area[roll(AREAS)]);
        for (int i = 0; i < AREAS; i++)
            area_check_some(&area[i], "churned");
        if (victim_step())
            victim_stepped();
    } while (victim_round(0));
    for (int i = 0; i < AREAS; i++)
        area_check(&area[i], "churned");
    finish(child);
    return victim_verdict();
}
