// mover [SEED] [WORD...]: moves its memory about in every way in which the kernel may lose track of what was changed, at random,
// and knows of each page where it is now.
//     SIGUSR1   a step: some operations of any kind; the root says `STEP n`, a child `CHILD pid STEP n`
//     SIGUSR2   a careful step: clean pages are moved only to addresses that had content when the step began
//     SIGWINCH  from now on operations of its own accord, too, all the time (says `BUSY pid`); SIGHUP: no more (`QUIET pid`)
//     SIGQUIT   says what it did
// Words: `readable` makes nothing PROT_NONE; `busy` is as SIGWINCH; `check` N tries the model itself: N operations, all memory
// checked after each. A child that execs us gets the word `child`.
#include "pages.h"
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
// Addresses that the kernel gives to nobody by itself: what is free there stays free.
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

// Every nth of them, or a few, or none.
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

// How many pages from here on are in one mapping of the kernel's: mremap and UFFDIO_MOVE take no more at once.
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

// A place for `from`, with the same offset within 2 MB or any; in a careful step one where a parent has what comes to stand there.
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
        return z == zone || mapped == n; // (outside the arena a hole may be somebody else's by now)
    }
    return 0;
}

// ---- moving ----

static void model_move(struct range from, struct range to, int stays)
{
    for (size_t k = 0; k < from.n; k++) {
        struct page *f = pages(from) + k, *t = pages(to) + k;
        uint8_t seen = t->seen;
        *t = *f;
        t->op = now;
        t->seen = seen;
        *f = (struct page){ .op = now, .mapped = stays, .prot = stays ? f->prot : 0, .seen = f->seen };
    }
}

// mremap(2), once for each mapping that the pages are in.
static void move(struct range from, struct range to, int flags)
{
    while (from.n) {
        struct range part = from;
        size_t whole = in_one_mapping(start(from));
        if (part.n > whole)
            part.n = whole;
        if (mremap(start(part), part.n * PAGE, part.n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | flags, start(to)) == MAP_FAILED)
            die("mremap");
        model_move(part, to, flags != 0);
        from.i += part.n, from.n -= part.n, to.i += part.n;
    }
}

static const char *const shape_name[SHAPES] = { "whole tables", "odd ends", "any", "few" };
static const char *const target_name[] = { "anywhere", "to free", "over" };

static int op_move(void)
{
    enum shape shape = below(SHAPES);
    enum target target = careful ? ANYWHERE : below(3);
    struct range from, to;
    int flags = one_in(4) ? MREMAP_DONTUNMAP : 0;
    if (!some_mapped(&from, shape, 0) || !some_place(&to, from, from.n, shape <= ODD_ENDS, target))
        return 0;
    note("move %zu pages (%s) %p -> %p %s%s", from.n, shape_name[shape], start(from), start(to), target_name[target], flags ? ", DONTUNMAP" : "");
    move(from, to, flags);
    return 1;
}

// Moves, and is longer or shorter there.
static int op_resize(void)
{
    struct range from, to;
    enum shape shape = below(SHAPES);
    if (!some_mapped(&from, shape, 0))
        return 0;
    size_t whole = in_one_mapping(start(from));
    if (from.n > whole)
        from.n = whole;
    size_t n = one_in(2) ? from.n + 1 + below(HUGE) : from.n - below(from.n);
    if (!some_place(&to, from, n, shape <= ODD_ENDS, below(3)))
        return 0;
    note("move and resize %zu pages to %zu %p -> %p", from.n, n, start(from), start(to));
    if (mremap(start(from), from.n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, start(to)) == MAP_FAILED)
        die("mremap to another size");
    if (n < from.n) {
        set(from.z, from.i + n, from.n - n, 0, 0);
        from.n = n;
    }
    set(to.z, to.i, to.n, 1, pages(from)->prot); // (one mapping has one protection)
    model_move(from, to, 0);
    return 1;
}

// As realloc(3) does with large blocks: the kernel may choose another place.
static int op_realloc(void)
{
    struct range from;
    struct zone *z = zone + 1;
    if (careful || !some_mapped(&from, below(SHAPES), PROT_READ))
        return 0;
    while (z < zone + ZONES && z->pages)
        z++;
    size_t whole = in_one_mapping(start(from)), n = from.n + 1 + some_count();
    if (z == zone + ZONES || from.n > whole || mapped_pages() + n > FULL + 8 * MIB)
        return 0;
    char *is = mremap(start(from), from.n * PAGE, n * PAGE, MREMAP_MAYMOVE);
    if (is == MAP_FAILED)
        die("mremap where the kernel likes");
    note("realloc %zu pages to %zu %p -> %p", from.n, n, start(from), is);
    if (is == start(from)) {
        // (past the end of a zone outside the arena nobody would look)
        size_t room = from.z->pages - from.i;
        if (n > room && munmap(is + room * PAGE, (n - room) * PAGE))
            die("munmap of what grew");
        set(from.z, from.i + from.n, (n < room ? n : room) - from.n, 1, pages(from)->prot);
        return 1;
    }
    *z = (struct zone){ .base = is, .pages = n, .stride = PAGE, .page = calloc(n, sizeof *z->page) };
    if (!z->page)
        die("calloc");
    set(z, 0, n, 1, pages(from)->prot);
    model_move(from, (struct range){ z, 0, from.n }, 0);
    return 1;
}

// What the kernel chose a place for comes back, or goes: then the place is free and soon given out again.
static int op_come_back(void)
{
    struct zone *z = &zone[1 + below(ZONES - 1)];
    size_t mapped = 0;
    for (size_t i = 0; i < z->pages; i++)
        mapped += z->page[i].mapped;
    if (!z->pages || careful)
        return 0;
    struct range from = { z, 0, z->pages }, to;
    if (mapped == z->pages && one_in(2) && some_place(&to, from, from.n, one_in(2), below(3))) {
        note("move %zu pages from outside %p -> %p", from.n, start(from), start(to));
        move(from, to, 0);
    } else {
        note("unmap outside %p", z->base);
        for (size_t i = 0; i < z->pages; i++)
            if (z->page[i].mapped)
                unmap(z, i, 1); // (never a hole: another may be there)
    }
    free(z->page);
    *z = (struct zone){ 0 };
    return 1;
}

static int op_exchange(void)
{
    struct range a, b, between;
    enum shape shape = one_in(3) ? below(SHAPES) : WHOLE;
    if (!some_mapped(&a, shape, 0) || !some_place(&b, a, a.n, 1, OVER))
        return 0;
    for (size_t k = 0; careful && k < a.n; k++)
        if (pages(b)[k].id && !pages(a)[k].seen)
            return 0;
    int was_careful = careful;
    careful = 0; // (nothing stays in between)
    int found = some_place(&between, a, a.n, one_in(2), FREE);
    careful = was_careful;
    if (!found)
        return 0;
    note("exchange %zu pages (%s) %p <-> %p", a.n, shape_name[shape], start(a), start(b));
    move(a, between, 0);
    move(b, a, 0);
    move(between, b, 0);
    return 1;
}

static void move_gib(int n, int to)
{
    if (mremap(far[n].base, (size_t)GIB * PAGE, (size_t)GIB * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, FAR(to)) == MAP_FAILED)
        die("mremap of 1 GiB");
    far[n].base = FAR(to);
}

// 1 GiB at once: a whole table of page tables.
static int op_far(void)
{
    int was[2];
    for (int n = 0; n < 2; n++)
        for (was[n] = 0; far[n].base != FAR(was[n]);)
            was[n]++;
    if (one_in(2) || careful) {
        note("exchange 1 GiB %p <-> %p", far[0].base, far[1].base);
        move_gib(0, far_free);
        move_gib(1, was[0]);
        move_gib(0, was[1]);
    } else {
        int n = below(2);
        note("move 1 GiB %p -> %p", far[n].base, FAR(far_free));
        move_gib(n, far_free);
        far_free = was[n];
    }
    for (int n = 0; n < 2; n++)
        for (size_t i = 0; i < far[n].pages; i++)
            far[n].page[i].op = now;
    return 1;
}

static void move_crowd(int n, char *to)
{
    if (mremap(crowd[n].base, HUGE * PAGE, HUGE * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
        die("mremap of a thread's memory");
    crowd[n].base = to;
}

// The threads write on where their memory is then.
static int op_crowd(void)
{
    pthread_mutex_lock(&crowd_lock[0]);
    pthread_mutex_lock(&crowd_lock[1]);
    char *was[2] = { crowd[0].base, crowd[1].base };
    note("exchange threads' memory %p <-> %p", was[0], was[1]);
    move_crowd(0, CROWD(crowd_free));
    move_crowd(1, was[0]);
    move_crowd(0, was[1]);
    for (int n = 0; n < 2; n++)
        for (size_t i = 0; i < crowd[n].pages; i++)
            crowd[n].page[i].op = now;
    pthread_mutex_unlock(&crowd_lock[1]);
    pthread_mutex_unlock(&crowd_lock[0]);
    return 1;
}

// UFFDIO_MOVE. The descriptor is closed again at once (criu can't dump one), so only within a step.
static int op_userfaultfd(void)
{
    struct range from, to;
    struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_MOVE };
    if (!in_step || !some_mapped(&from, below(SHAPES), RW) || !some_place(&to, from, from.n, one_in(2), OVER))
        return 0;
    size_t n = from.n, whole = in_one_mapping(start(from));
    n = n < whole ? n : whole;
    whole = in_one_mapping(start(to));
    n = n < whole ? n : whole;
    for (size_t k = 0; k < n; k++)
        if (pages(to)[k].prot != RW)
            return 0;
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api)) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    note("UFFDIO_MOVE %zu pages %p -> %p", n, start(from), start(to));
    if (madvise(start(to), n * PAGE, MADV_DONTNEED))
        die("MADV_DONTNEED");
    set(to.z, to.i, n, 1, RW);
    if (one_in(2)) // (in swap they keep no mark of the move)
        madvise(start(from), n * PAGE, MADV_PAGEOUT);
    struct uffdio_register area = { .range = { (uintptr_t)start(to), n * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
    if (ioctl(fd, UFFDIO_REGISTER, &area))
        die("UFFDIO_REGISTER");
    for (size_t done = 0; done < n;) {
        struct uffdio_move m = { (uintptr_t)start(to) + done * PAGE, (uintptr_t)start(from) + done * PAGE, (n - done) * PAGE,
                                 UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES, 0 };
        if (ioctl(fd, UFFDIO_MOVE, &m) && errno != EAGAIN && errno != EBUSY)
            die("UFFDIO_MOVE");
        size_t got = m.move > 0 ? m.move / PAGE : 0;
        struct range part = { from.z, from.i + done, got };
        model_move(part, (struct range){ to.z, to.i + done, got }, 1);
        if (!got) // (a page that a child shares is not moved)
            break;
        done += got;
    }
    if (ioctl(fd, UFFDIO_UNREGISTER, &area.range))
        die("UFFDIO_UNREGISTER");
    close(fd);
    return 1;
}

// What pagemap says of pages: their frames, where we may know (0 where not).
static void frames(struct range r, uint64_t *to)
{
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, to, r.n * 8, page_number(r) * 8) != (ssize_t)(r.n * 8))
        die("pagemap");
    close(fd);
    for (size_t k = 0; k < r.n; k++)
        to[k] = to[k] >> 63 ? to[k] & (((uint64_t)1 << 55) - 1) : 0;
}

// Clean pages come from swap into the frames that were freed last, and then to the addresses that had these frames: nothing is
// different there but the bytes.
static int op_same_frames(void)
{
    struct range from, to;
    uint64_t old[HUGE], new[HUGE];
    if (!some_mapped(&from, WHOLE, PROT_READ) || !some_place(&to, from, HUGE, 1, OVER))
        return 0;
    from.n = HUGE;
    size_t n = 8 << below(5), i = below(HUGE - n);
    struct range in = { from.z, from.i + i, n }, out = { to.z, to.i + i, n };
    int up = one_in(2);
    note("same frames for %zu pages, %s: %p -> %p", n, up ? "up" : "down", start(in), start(out));
    frames(out, old);
    madvise(start(in), n * PAGE, MADV_PAGEOUT);
    if (madvise(start(out), n * PAGE, MADV_DONTNEED))
        die("MADV_DONTNEED");
    for (size_t k = 0; k < n; k++) {
        size_t at = up ? k : n - 1 - k;
        if (pages(in)[at].id)
            (void)*(volatile uint64_t *)where(in.z, in.i + at);
    }
    move(from, to, 0);
    frames(out, new);
    for (size_t k = 0; k < n; k++)
        same_frames += old[k] && old[k] == new[k];
    return 1;
}

// ---- mappings that come, go, merge and split ----

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
        { MADV_PAGEOUT, "PAGEOUT" }, { MADV_PAGEOUT, "PAGEOUT" }, { MADV_HUGEPAGE, "HUGEPAGE" }, { MADV_NOHUGEPAGE, "NOHUGEPAGE" },
        { MADV_COLLAPSE, "COLLAPSE" },
    };
    struct range at;
    int n = below(sizeof advice / sizeof *advice);
    if (!some_mapped(&at, advice[n].advice == MADV_COLLAPSE ? WHOLE : below(SHAPES), 0))
        return 0;
    note("%s %zu pages at %p", advice[n].name, at.n, start(at));
    madvise(start(at), at.n * PAGE, advice[n].advice); // (a wish: it may be refused)
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

// ---- processes ----

static void life(long loops, int exec_at);

static void block(int how)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(how, &all, 0);
}

static int op_fork(void)
{
    int n = 0;
    while (n < CHILDREN && child[n])
        n++;
    if (is_child || n == CHILDREN)
        return 0;
    long loops = 10 + below(150);
    int exec_at = one_in(3) ? (int)below(20) : -1, active = one_in(2);
    note("fork, for %ld loops, %s, exec %d", loops, active ? "active" : "calm", exec_at);
    uint32_t number = ++forks;
    block(SIG_BLOCK); // a signal is for one of the two, whole
    pthread_mutex_lock(&crowd_lock[0]);
    pthread_mutex_lock(&crowd_lock[1]);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    pthread_mutex_unlock(&crowd_lock[1]);
    pthread_mutex_unlock(&crowd_lock[0]);
    if (pid) {
        child[n] = pid;
        block(SIG_UNBLOCK);
        return 1;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    is_child = 1 + active;
    branch = number;
    before_fork = now;
    same_frames = 0;
    luck += number * 0x9E3779B97F4A7C15ull;
    victim_stop = victim_steps = victim_steps_done = to_tell = careful_asked = careful = in_step = 0;
    memset(child, 0, sizeof child);
    block(SIG_UNBLOCK);
    life(loops, exec_at);
    _exit(victim_bad);
}

static void gone(int n, int status)
{
    if (status) {
        say("BAD child %d ended with status %x", child[n], status);
        victim_bad = 1;
    }
    child[n] = 0;
}

static void reap_some(void)
{
    for (int n = 0, status; n < CHILDREN; n++)
        if (child[n] && waitpid(child[n], &status, WNOHANG) == child[n])
            gone(n, status);
}

static void become_another(void)
{
    char seed[32];
    snprintf(seed, sizeof seed, "%u", (unsigned)below(1000000000));
    block(SIG_BLOCK); // our successor has no handlers yet, and would die of them
    execl(self, self, seed, "child", with_none ? "any" : "readable", busy ? "busy" : "quiet", (char *)0);
    die("exec");
}

// ---- life ----

static const struct { int (*act)(void); int weight; } operation[] = {
    { op_move, 8 }, { op_exchange, 6 }, { op_resize, 4 }, { op_realloc, 3 }, { op_come_back, 2 }, { op_far, 2 }, { op_crowd, 2 },
    { op_userfaultfd, 4 }, { op_same_frames, 4 }, { op_map, 4 }, { op_neighbour, 4 }, { op_unmap, 3 }, { op_map_again, 4 },
    { op_drop, 4 }, { op_protect, 5 }, { op_advise, 5 }, { op_write, 8 }, { op_fork, 2 },
};
enum { OPERATIONS = sizeof operation / sizeof *operation };

static void act(void)
{
    int sum = 0;
    for (int n = 0; n < OPERATIONS; n++)
        sum += operation[n].weight;
    for (int tries = 0; tries < 20; tries++) {
        int n = 0, at = below(sum);
        while (at >= operation[n].weight)
            at -= operation[n++].weight;
        if (operation[n].act())
            return;
    }
}

static void step(void)
{
    careful = careful_asked;
    careful_asked = 0;
    for (int k = 0; careful && k < ZONES; k++)
        for (size_t i = 0; i < zone[k].pages; i++)
            zone[k].page[i].seen = zone[k].page[i].id != 0;
    in_step = 1;
    op_exchange();
    for (size_t n = 5 + below(10); n > 0; n--)
        act();
    in_step = careful = 0;
}

static void check_crowd(void)
{
    for (int n = 0; n < 2; n++) {
        pthread_mutex_lock(&crowd_lock[n]);
        zone_check(&crowd[n], 0, crowd[n].pages, 1);
        pthread_mutex_unlock(&crowd_lock[n]);
    }
}

// A part of what has content: what was only reserved, or is in swap, is to stay so for a while.
static void check_some(void)
{
    size_t n = below(32);
    zone_check(zone, ARENA_PAGES * n / 32, ARENA_PAGES * (n + 1) / 32, 0);
}

static void check_all(void)
{
    for (int k = 0; k < ZONES; k++) {
        for (size_t i = 0; i < zone[k].pages; i++) {
            struct page *p = &zone[k].page[i];
            int hidden = p->mapped && !(p->prot & PROT_READ);
            if (hidden && mprotect(where(&zone[k], i), PAGE, p->prot = PROT_READ))
                die("mprotect");
            zone_check(&zone[k], i, i + 1, 1);
            if (hidden && mprotect(where(&zone[k], i), PAGE, p->prot = PROT_NONE))
                die("mprotect");
        }
    }
    for (int n = 0; n < 2; n++)
        zone_check(&far[n], 0, far[n].pages, 1);
    check_crowd();
    if (victim_bad) {
        say("BAD pid %d: %zu wrong pages", getpid(), pages_wrong);
        tell_history();
    }
}

static void live_on(void)
{
    op_write();
    for (int n = busy && is_child != 1 ? 1 + below(3) : 0; n > 0; n--)
        act();
    check_some();
    if (to_tell) {
        to_tell = 0;
        say("%s %d", busy ? "BUSY" : "QUIET", getpid());
    }
    if (to_tell_ops) {
        to_tell_ops = 0;
        tell_history();
    }
}

static void end(void)
{
    check_all();
    say("DID %u operations and moved %zu pages to where their frames were before", now - before_fork, same_frames);
}

static void life(long loops, int exec_at)
{
    for (long n = 0; n < loops && !victim_stop && !victim_bad; n++) {
        live_on();
        if (n == exec_at)
            become_another();
        if (victim_step()) {
            step();
            say("CHILD %d STEP %d", getpid(), ++victim_steps_done);
        }
        nap(40);
    }
    end();
}

static void *write_on(void *arg)
{
    long n = (long)arg;
    uint64_t mine = n + 1;
    while (!victim_stop && !victim_bad) {
        pthread_mutex_lock(&crowd_lock[n]);
        for (int k = 0; k < 4; k++) {
            mine = mine * 6364136223846793005ull + 1442695040888963407ull;
            page_write(&crowd[n], (mine >> 33) % crowd[n].pages);
        }
        pthread_mutex_unlock(&crowd_lock[n]);
        nap(20);
    }
    return 0;
}

static void on_careful_step(int s) { (void)s; careful_asked = 1; victim_steps++; }
static void on_busy(int s) { (void)s; busy = 1; to_tell = 1; }
static void on_quiet(int s) { (void)s; busy = 0; to_tell = 1; }
static void on_tell_ops(int s) { (void)s; to_tell_ops = 1; }

static void map_zone(struct zone *z, char *base, size_t pages, size_t stride, size_t whole, int advice)
{
    *z = (struct zone){ .base = base, .pages = pages, .stride = stride, .page = calloc(pages, sizeof *z->page) };
    if (!z->page || mmap(base, whole * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != base)
        die("mmap");
    madvise(base, whole * PAGE, advice);
    set(z, 0, pages, 1, RW);
    for (size_t i = 0; i < pages; i++)
        page_write(z, i);
}

static void begin(size_t fill)
{
    zone[0] = (struct zone){ .base = ARENA, .pages = ARENA_PAGES, .stride = PAGE, .page = calloc(ARENA_PAGES, sizeof *zone[0].page) };
    if (!zone[0].page)
        die("calloc");
    for (int n = 0; n < 2; n++) {
        // (2 MB for each of its pages would be a lot)
        map_zone(&far[n], FAR(n), FAR_PAGES, GIB / FAR_PAGES * (size_t)PAGE, GIB, MADV_NOHUGEPAGE);
        map_zone(&crowd[n], CROWD(n), CROWD_PAGES, HUGE / CROWD_PAGES * PAGE, HUGE, MADV_NORMAL);
    }
    for (size_t i = HUGE; mapped_pages() < fill && i + 4 * HUGE < ARENA_PAGES; i += HUGE * (4 + below(4))) { // with room on both sides
        size_t n = HUGE * (1 + below(4));
        map_at(zone, i, n, MAP_FIXED_NOREPLACE);
        if (!one_in(3))
            madvise(where(zone, i), n * PAGE, one_in(3) ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        write_some(zone, i, n, one_in(3) ? 1 + below(60) : 1);
    }
}

static int try_the_model(long operations)
{
    for (long n = 0; n < operations && !victim_bad; n++) {
        in_step = one_in(2);
        if (one_in(20)) {
            careful_asked = one_in(2);
            step();
        }
        act();
        check_all();
        reap_some();
    }
    for (int n = 0, status; n < CHILDREN; n++)
        if (child[n] && kill(child[n], SIGTERM) == 0 && waitpid(child[n], &status, 0) == child[n])
            gone(n, status);
    victim_stop = 1;
    say("%u operations, %zu pages checked, %u forks", now, pages_checked, forks);
    return victim_verdict();
}

int main(int argc, char **argv)
{
    long to_try = 0;
    uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 10) : 1;
    for (int n = 2; n < argc; n++) {
        is_child |= strcmp(argv[n], "child") ? 0 : 2;
        with_none &= strcmp(argv[n], "readable") != 0;
        busy |= strcmp(argv[n], "busy") == 0;
        if (!strcmp(argv[n], "check") && n + 1 < argc)
            to_try = atol(argv[++n]);
    }
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        die("/proc/self/exe");
    luck = seed * 0x9E3779B97F4A7C15ull + 1;
    pages_salt = seed << 40;
    block(SIG_BLOCK);
    signal(SIGUSR2, on_careful_step);
    signal(SIGWINCH, on_busy);
    signal(SIGHUP, on_quiet);
    signal(SIGQUIT, on_tell_ops);
    victim_signals();
    begin(is_child ? 8 * MIB : 22 * MIB);
    pthread_t thread[2];
    for (long n = 0; n < 2; n++)
        if (pthread_create(&thread[n], 0, write_on, (void *)n))
            die("pthread_create");
    block(SIG_UNBLOCK);
    if (to_try)
        return try_the_model(to_try);
    if (is_child) {
        life(10 + below(150), -1);
        return victim_bad;
    }
    say("READY %d", getpid());
    do {
        live_on();
        reap_some();
        if (victim_step()) {
            step();
            victim_stepped();
        }
    } while (victim_round(40));
    for (int n = 0; n < CHILDREN; n++)
        if (child[n])
            finish(child[n]);
    for (int n = 0; n < 2; n++)
        pthread_join(thread[n], 0);
    end();
    return victim_verdict();
}
