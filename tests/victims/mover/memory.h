// A mover's zones of memory, the model of the mappings in them, and the choice of pages and places.
#pragma once
#include "../pages.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef UFFDIO_MOVE // (6.8)
#define UFFD_FEATURE_MOVE (1 << 16)
#define UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES 2
struct uffdio_move { uint64_t dst, src, len, mode; int64_t move; };
#define UFFDIO_MOVE _IOWR(UFFDIO, 5, struct uffdio_move)
#endif

enum { HUGE = 512, MIB = 256, GIB = 1024 * MIB, RW = PROT_READ | PROT_WRITE };
enum { ARENA_PAGES = 64 * MIB, FULL = 32 * MIB, ZONES = 8, FAR_PAGES = 48, CROWD_PAGES = 128, CHILDREN = 2 };
// Addresses that the kernel never chooses by itself: free ranges there stay free.
#define ARENA ((char *)0x200000000000)
#define FAR(n) ((char *)0x280000000000 + (n) * 2 * (size_t)GIB * PAGE)
#define CROWD(n) ((char *)0x2c0000000000 + (n) * 2 * (size_t)HUGE * PAGE)

static struct zone zone[ZONES]; // 0: the arena; the others: where the kernel put what grew
static struct zone far[2];      // 1 GiB each, with a page here and there
static struct zone crowd[2];    // of a thread each, which writes there all the time
static int far_free = 2, crowd_free = 2;
static pthread_mutex_t crowd_lock[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pid_t child[CHILDREN];
static int is_child, with_none = 1, careful, in_step;
static volatile sig_atomic_t busy, to_tell, to_tell_ops, careful_asked;
static char self[256];
static uint32_t forks, before_fork;
static size_t same_frames;

// ---- mapping, and its model ----

static void set(struct zone *z, size_t i, size_t n, int mapped, int prot)
{
    for (size_t k = i; k < i + n; k++) {
        struct page *p = &z->page[k];
        *p = (struct page){ .op = now, .mapped = mapped, .prot = prot, .seen = p->seen };
    }
}

static void map_at(struct zone *z, size_t i, size_t n, int flags)
{
    if (mmap(where(z, i), n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0) == MAP_FAILED)
        die("mmap");
    set(z, i, n, 1, RW);
}

static void unmap(struct zone *z, size_t i, size_t n)
{
    if (munmap(where(z, i), n * PAGE))
        die("munmap");
    set(z, i, n, 0, 0);
}

// Writes to every nth of them, a few, or none.
static void write_some(struct zone *z, size_t i, size_t n, size_t every)
{
    for (size_t k = i; every && k < i + n; k += every)
        if (z->page[k].mapped && z->page[k].prot == RW)
            page_write(z, k);
}

static size_t mapped_pages(void)
{
    size_t n = 0;
    for (int k = 0; k < ZONES; k++)
        for (size_t i = 0; i < zone[k].pages; i++)
            n += zone[k].page[i].mapped;
    return n;
}

// The number of pages from this one that the kernel has in one mapping: mremap and UFFDIO_MOVE accept no more at once.
static size_t in_one_mapping(const void *at)
{
    static char text[65536];
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die("/proc/self/maps");
    size_t found = 0, have = 0;
    for (ssize_t got; !found && (got = read(fd, text + have, sizeof text - 1 - have)) > 0;) {
        char *line = text, *end;
        text[have += got] = 0;
        while (!found && (end = strchr(line, '\n'))) {
            char *dash;
            uintptr_t first = strtoul(line, &dash, 16), last = strtoul(dash + 1, 0, 16);
            if (first <= (uintptr_t)at && (uintptr_t)at < last)
                found = (last - (uintptr_t)at) / PAGE;
            line = end + 1;
        }
        memmove(text, line, have -= line - text);
    }
    close(fd);
    if (!found)
        die("a page that should be mapped is not");
    return found;
}

// ---- choosing ----

struct range { struct zone *z; size_t i, n; };

static size_t page_number(struct range r) { return (uintptr_t)where(r.z, r.i) / PAGE; }
static char *start(struct range r) { return (char *)where(r.z, r.i); }
static struct page *pages(struct range r) { return r.z->page + r.i; }
static int overlap(struct range a, struct range b) { return a.z == b.z && a.i < b.i + b.n && b.i < a.i + a.n; }

static struct zone *some_zone(void)
{
    struct zone *z = one_in(4) ? &zone[below(ZONES)] : zone;
    return z->pages ? z : zone;
}

// What mremap can move: whole page tables (2 MB, aligned), such with odd ends, anything, a few pages.
enum shape { WHOLE, ODD_ENDS, ANY, FEW, SHAPES };

static size_t some_count(void) { return 1 + below((size_t)1 << (1 + below(12))); } // up to 16 MB, rather less

// Pages that are all mapped; `prot`: and have at least this protection.
static int some_mapped(struct range *r, enum shape shape, int prot)
{
    for (int tries = 0; tries < 60; tries++) {
        *r = (struct range){ some_zone(), 0, 0 };
        r->i = below(r->z->pages);
        size_t want = shape == WHOLE ? HUGE * (1 + below(one_in(4) ? 8 : 3)) : shape == ODD_ENDS ? HUGE + 1 + below(3 * HUGE)
                    : shape == ANY ? some_count() : 1 + below(16);
        if (shape == WHOLE)
            r->i += -page_number(*r) % HUGE;
        while (r->n < want && r->i + r->n < r->z->pages && pages(*r)[r->n].mapped && (pages(*r)[r->n].prot & prot) == prot)
            r->n++;
        if (shape == WHOLE)
            r->n -= r->n % HUGE;
        if (r->n && (shape != ODD_ENDS || r->n > HUGE))
            return 1;
    }
    return 0;
}

enum target { ANYWHERE, FREE, OVER };

// A place for `from`, with the same offset within 2 MB or any; in a careful step one where a parent has all the pages.
static int some_place(struct range *to, struct range from, size_t n, int same_offset, enum target target)
{
    for (int tries = 0; tries < 200; tries++) {
        struct zone *z = target == OVER ? some_zone() : zone;
        if (z->pages <= n + HUGE)
            continue;
        *to = (struct range){ z, below(z->pages - n - HUGE), n };
        if (same_offset)
            to->i += (page_number(from) - page_number(*to)) % HUGE;
        size_t mapped = 0, unseen = 0;
        for (size_t k = 0; k < n; k++) {
            mapped += pages(*to)[k].mapped;
            unseen += k < from.n && pages(from)[k].id && !pages(*to)[k].seen;
        }
        if (overlap(*to, from) || (careful && unseen) || (target == FREE && mapped) || (target == OVER && mapped < n))
            continue;
        return z == zone || mapped == n; // (outside the arena another mapping may be in a hole by now)
    }
    return 0;
}
