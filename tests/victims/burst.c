// burst: what must not slip through between the reset of dirty tracking and the freeze of a first round: memory that is mapped,
// moved and dropped without end, children that are born right after a reset and live on with clean pages of their parent's,
// programs that become another one; while 64 MiB at rest make the reset long.
#include "chain.h"
#include <fcntl.h>

enum { AREAS = 6, PAGES = 40, REST = 64 * 256, HEIRS = 9 };
static struct area still, area[AREAS], inherited;
static uint64_t luck = 4711;

static int roll(int n)
{
    luck = luck * 6364136223846793005ull + 1442695040888963407ull;
    return (luck >> 33) % n;
}

static void refill(struct area *a, void *mem)
{
    a->mem = mem;
    a->salt += 1ull << 32;
    for (size_t i = 0; i < a->pages; i++)
        area_write(a, i);
}

// One mapping goes and comes; some pages of the others are written.
static void shuffle(int small)
{
    struct area *a = &area[roll(AREAS)];
    void *to;
    switch (roll(4)) {
    case 0: // anew, elsewhere
        to = map_private(PAGES);
        munmap(a->mem, PAGES * PAGE);
        refill(a, to);
        break;
    case 1: // the same pages, elsewhere
        to = map_private(PAGES);
        if (mremap(a->mem, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
            die("mremap");
        a->mem = to;
        break;
    case 2: // anew, in the same place
        if (mmap(a->mem, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            die("mmap over");
        refill(a, a->mem);
        break;
    default:
        area_touch(a, 4);
    }
    if (!small && roll(8) == 0)
        area_touch(&still, 1);
}

// True once after each reset of this task's dirty tracking: a page that is always dirty has become clean.
static int just_reset(void)
{
    static char canary[3 * PAGE];
    char *page = (char *)(((uintptr_t)canary + PAGE - 1) / PAGE * PAGE);
    uint64_t entry = 1ull << 55;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)page / PAGE * 8) != 8)
        die("pagemap");
    close(fd);
    int before = *page;
    *(volatile char *)page = 1;
    return before && !(entry >> 55 & 1);
}

// A child that is born right after a reset, and lives on: what it does not write to must stay as it was at its birth.
static void heir(long n)
{
    while (!victim_stop && !victim_bad) {
        if (n)
            area_touch(&inherited, 1);
        area_check_some(&inherited, "inherited");
        area_check_some(&area[0], "shuffled by a parent");
        nap(20);
    }
    for (int i = 0; i < AREAS; i++)
        area_check(&area[i], "shuffled by a parent");
    area_check(&inherited, "inherited");
}

// Forks without end; the children live for a moment, but those that are born right after a reset live on.
static void dynasty(long n)
{
    pid_t child[HEIRS];
    int born = 0;
    while (!victim_stop && !victim_bad) {
        if (just_reset())
            for (int i = 0; i < HEIRS / 3 && born < HEIRS; i++) {
                child[born] = spawn(heir, born % 2);
                born++;
                shuffle(n);
            }
        shuffle(n);
        area_touch(&inherited, 2);
        pid_t pid = fork();
        if (!pid) {
            shuffle(n);
            _exit(0);
        }
        reap(pid);
    }
    while (born > 0)
        finish(child[--born]);
    for (int i = 0; i < AREAS; i++)
        area_check(&area[i], "shuffled");
    area_check(&inherited, "inherited");
}

// Becomes the same program again and again.
static void becomer(long n)
{
    char seed[16];
    snprintf(seed, sizeof seed, "%ld", n % 100000);
    execl("/proc/self/exe", "burst", seed, (char *)0);
    die("exec");
}

static void become_again(long n)
{
    area_fill(&inherited, map_private(PAGES), PAGES, n);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    victim_signals();
    for (int i = 0; i < 8 && !victim_stop && !victim_bad; i++) {
        area_touch(&inherited, 2);
        area_check(&inherited, "an execed task's");
    }
    area_check(&inherited, "an execed task's");
    if (victim_stop || victim_bad)
        _exit(victim_bad);
    becomer(n + 1);
}

int main(int argc, char **argv)
{
    if (argc == 2)
        become_again(atol(argv[1]));
    area_fill(&inherited, map_private(PAGES), PAGES, 2);
    for (int i = 0; i < AREAS; i++)
        area_fill(&area[i], map_private(PAGES), PAGES, 10 + i);
    pid_t forking = spawn(dynasty, 1), becoming = spawn(becomer, 1);
    area_fill(&still, map_private(REST), REST, 1);
    victim_ready();
    do {
        for (int i = just_reset() ? 300 : 30; i > 0; i--)
            shuffle(0);
        area_check_some(&area[roll(AREAS)], "shuffled");
        if (victim_step())
            victim_stepped();
    } while (victim_round(0));
    for (int i = 0; i < AREAS; i++)
        area_check(&area[i], "shuffled");
    area_check(&still, "at rest");
    finish(forking);
    kill(becoming, SIGKILL); // (SIGTERM would be lost while its handler is away, in an exec)
    return victim_verdict();
}
