// mover [SEED] [WORD...]: moves its memory at random, in every way in which the kernel may lose track of changes, and
// knows where each page is.
//     SIGUSR1   a step: some operations of any kind; the root says `STEP n`, a child `CHILD pid STEP n`
//     SIGUSR2   a careful step: clean pages are moved only to addresses that had content when the step began
//     SIGWINCH  starts operations all the time, without further signals (says `BUSY pid`); SIGHUP ends them (`QUIET pid`)
//     SIGQUIT   prints its operations
// Words: `readable` makes nothing PROT_NONE; `busy` is as SIGWINCH; `check` N tries the model itself: N operations, all memory
// checked after each. A child that execs us gets the word `child`.
#include "mover/moves.h"
#include "mover/mappings.h"
#include "mover/processes.h"

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

// Only a part of the memory with content: pages that are reserved or in swap should stay so for a while.
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
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    if (!z->page || mmap(base, whole * PAGE, RW, flags, -1, 0) != base)
        die("mmap");
    madvise(base, whole * PAGE, advice);
    set(z, 0, pages, 1, RW);
    for (size_t i = 0; i < pages; i++)
        page_write(z, i);
}

static void begin(size_t fill)
{
    zone[0] = (struct zone){ .base = ARENA, .pages = ARENA_PAGES, .stride = PAGE };
    zone[0].page = calloc(ARENA_PAGES, sizeof *zone[0].page);
    if (!zone[0].page)
        die("calloc");
    for (int n = 0; n < 2; n++) {
        // (2 MB for each of its pages would be a lot)
        map_zone(&far[n], FAR(n), FAR_PAGES, GIB / FAR_PAGES * (size_t)PAGE, GIB, MADV_NOHUGEPAGE);
        map_zone(&crowd[n], CROWD(n), CROWD_PAGES, HUGE / CROWD_PAGES * PAGE, HUGE, MADV_NORMAL);
    }
    // With room on both sides.
    for (size_t i = HUGE; mapped_pages() < fill && i + 4 * HUGE < ARENA_PAGES; i += HUGE * (4 + below(4))) {
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
