// How a mover's mappings come, go, merge and split.
#pragma once
#include "memory.h"

static int op_map(void)
{
    struct range to = { zone, 0, 0 };
    size_t n = one_in(2) ? HUGE * (1 + below(4)) : some_count();
    if (mapped_pages() + n > FULL || !some_place(&to, to, n, 0, FREE))
        return 0;
    if (n % HUGE == 0 && !one_in(4)) { // a place for whole page tables
        to.i -= to.i % HUGE;
        for (size_t k = 0; k < n; k++)
            if (pages(to)[k].mapped)
                return 0;
    }
    size_t every = below(4);
    note("map %zu pages at %p, every %zuth written", n, start(to), every);
    map_at(to.z, to.i, n, MAP_FIXED_NOREPLACE);
    if (one_in(2))
        madvise(start(to), n * PAGE, one_in(2) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    write_some(to.z, to.i, n, every);
    return 1;
}

// Next to a neighbour, and so perhaps one mapping with it; only read, or partly written.
static int op_neighbour(void)
{
    struct range at;
    if (!some_mapped(&at, ANY, RW) || at.z != zone)
        return 0;
    while (at.i + at.n < ARENA_PAGES && pages(at)[at.n].mapped)
        at.n++;
    at = (struct range){ zone, at.i + at.n, 0 };
    size_t want = some_count();
    while (at.n < want && at.i + at.n < ARENA_PAGES && !pages(at)[at.n].mapped)
        at.n++;
    if (!at.n || mapped_pages() + at.n > FULL + 4 * MIB)
        return 0;
    size_t every = below(3) * (1 + below(8));
    note("map %zu pages beside another at %p, every %zuth written", at.n, start(at), every);
    map_at(at.z, at.i, at.n, MAP_FIXED_NOREPLACE);
    for (size_t k = 0; k < at.n; k++)
        (void)*(volatile uint64_t *)where(at.z, at.i + k);
    write_some(at.z, at.i, at.n, every);
    return 1;
}

static int op_unmap(void)
{
    struct range at;
    if ((one_in(2) && mapped_pages() < FULL * 3 / 4) || !some_mapped(&at, below(SHAPES), 0))
        return 0;
    note("unmap %zu pages at %p", at.n, start(at));
    unmap(at.z, at.i, at.n);
    return 1;
}

static int op_map_again(void)
{
    struct range at;
    if (!some_mapped(&at, below(SHAPES), 0))
        return 0;
    int at_once = at.z != zone || one_in(2);
    size_t every = below(4) * (1 + below(4));
    note("map %zu pages again at %p, every %zuth written", at.n, start(at), every);
    if (!at_once)
        unmap(at.z, at.i, at.n);
    map_at(at.z, at.i, at.n, at_once ? MAP_FIXED : MAP_FIXED_NOREPLACE);
    if (one_in(2))
        madvise(start(at), at.n * PAGE, one_in(2) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    write_some(at.z, at.i, at.n, every);
    return 1;
}

static int op_drop(void)
{
    struct range at;
    if (!some_mapped(&at, below(SHAPES), PROT_READ))
        return 0;
    size_t every = below(3) * (1 + below(8));
    note("drop %zu pages at %p, read, every %zuth written", at.n, start(at), every);
    if (madvise(start(at), at.n * PAGE, MADV_DONTNEED))
        die("MADV_DONTNEED");
    for (size_t k = 0; k < at.n; k++) {
        struct page *p = pages(at) + k;
        p->id = p->version = 0;
        p->op = now;
        (void)*(volatile uint64_t *)where(at.z, at.i + k);
    }
    write_some(at.z, at.i, at.n, every);
    return 1;
}

static int op_protect(void)
{
    struct range at;
    if (!some_mapped(&at, below(SHAPES), 0))
        return 0;
    int prot = one_in(2) ? RW : one_in(2) && with_none ? PROT_NONE : PROT_READ;
    note("protect %zu pages at %p: %d", at.n, start(at), prot);
    if (mprotect(start(at), at.n * PAGE, prot))
        die("mprotect");
    for (size_t k = 0; k < at.n; k++)
        pages(at)[k].prot = prot;
    return 1;
}

static int op_advise(void)
{
    static const struct { int advice; const char *name; } advice[] = {
        { MADV_PAGEOUT, "PAGEOUT" }, { MADV_PAGEOUT, "PAGEOUT" }, { MADV_HUGEPAGE, "HUGEPAGE" },
        { MADV_NOHUGEPAGE, "NOHUGEPAGE" }, { MADV_COLLAPSE, "COLLAPSE" },
    };
    struct range at;
    int n = below(sizeof advice / sizeof *advice);
    if (!some_mapped(&at, advice[n].advice == MADV_COLLAPSE ? WHOLE : below(SHAPES), 0))
        return 0;
    note("%s %zu pages at %p", advice[n].name, at.n, start(at));
    madvise(start(at), at.n * PAGE, advice[n].advice); // (advice, which may be refused)
    return 1;
}

static int op_write(void)
{
    size_t n = 1 + below(8);
    note("write %zu pages", n);
    for (int tries = 0; n && tries < 200; tries++) {
        struct zone *z = one_in(8) ? &far[below(2)] : some_zone();
        size_t i = below(z->pages);
        if (z->page[i].mapped && z->page[i].prot == RW) {
            page_write(z, i);
            n--;
        }
    }
    return 1;
}
