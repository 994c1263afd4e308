// protnone: areas that lose and gain PROT_READ between rounds without being written. The final dump believes a clean
// readable page to be in the parent, however unreadable it was when the parent was written.
#include "chain.h"

enum { PAGES = 256, AREAS = 6, LAST = 99, NONE = PROT_NONE, RW = PROT_READ | PROT_WRITE };
static struct area area[AREAS];

// What area n is after step s; step s comes after the s-th pre-dump.
static int protection(int n, int s)
{
    switch (n) {
    case 0: return s < 1 ? NONE : PROT_READ;    // unreadable in round 1 only
    case 1: return s == 1 ? NONE : RW;          // readable, hidden in round 2, readable
    case 2: return s == LAST ? PROT_READ : NONE; // hidden for good, also from the final dump
    case 3: return s % 2 ? RW : NONE;           // to and fro, written whenever it can be
    case 4: return s == LAST ? RW : PROT_WRITE; // written, never "readable"
    default: return s < 2 ? NONE : PROT_READ;   // unreadable in rounds 1 and 2
    }
}

static void protect(int s)
{
    for (int n = 0; n < AREAS; n++)
        if (mprotect(area[n].mem, PAGES * PAGE, protection(n, s)))
            die("mprotect");
}

static void work(int s)
{
    for (int n = 0; n < AREAS; n++) {
        if (protection(n, s) & PROT_WRITE && s != LAST)
            area_touch(&area[n], 4);
        if (protection(n, s) & PROT_READ)
            area_check(&area[n], "area");
    }
}

int main(void)
{
    for (int n = 0; n < AREAS; n++)
        area_fill(&area[n], map_private(PAGES), PAGES, n);
    protect(0);
    victim_ready();
    do {
        if (victim_step()) {
            protect(victim_steps_done + 1);
            victim_stepped();
        }
        work(victim_steps_done);
    } while (victim_round(60));
    protect(LAST);
    work(LAST);
    return victim_verdict();
}
