// How a mover's pages move to other addresses, and the model with them.
#pragma once
#include "memory.h"

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
    note("move %zu pages (%s) %p -> %p %s%s", from.n, shape_name[shape], start(from), start(to), target_name[target],
         flags ? ", DONTUNMAP" : "");
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
        // (pages past the end of a zone outside the arena are never checked)
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

// Pages at a place that the kernel chose move back, or are unmapped; the kernel soon reuses the place.
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

// 1 GiB at once: a complete table of page tables.
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

// The threads go on writing at the new place.
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

// The pages' frames from pagemap (0 if we are not allowed to see them).
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
