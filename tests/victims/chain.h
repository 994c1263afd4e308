// Shared by victims that go through a complete chain, from READY to a restore: memory whose every word can be predicted, and
// the messages they exchange with `chain`:
//     READY pid    the tree is complete; `chain` may freeze it         (victim -> chain, a line on stdout)
//     STILL addr   a page that is never written again
//     round N ok   N counts up without a gap, also over a restore: it lives in memory too
//     STEP n       the n-th SIGUSR1 ("between two rounds now") was handled
//     BAD ...      memory is not what it must be
//     VERDICT ok   after SIGTERM: every byte of every task was checked once more and was right
// Lines are written with one write() each to a file opened with O_APPEND, so several tasks can share it.
#pragma once
#include "victim.h"

enum { WORDS = PAGE / 8 };

static volatile sig_atomic_t victim_stop, victim_steps;
static int victim_steps_done, victim_bad;
static long victim_rounds;

static inline void say(const char *format, ...)
{
    char line[256];
    va_list a;
    va_start(a, format);
    int n = vsnprintf(line, sizeof line - 1, format, a);
    va_end(a);
    line[n++] = '\n';
    if (write(1, line, n) != n)
        victim_bad = 1;
}

static inline void die(const char *what)
{
    say("BAD %s: %s", what, strerror(errno));
    _exit(1);
}

static inline void on_term(int s) { (void)s; victim_stop = 1; }
static inline void on_step(int s) { (void)s; victim_steps++; }

static inline void victim_signals(void)
{
    signal(SIGTERM, on_term);
    signal(SIGUSR1, on_step);
}

// ---- memory that knows what it must hold ----

// mem[page][word] depends on the page, the word and how often the page was rewritten (model[page]); a rewrite
// changes all words of a page, so a page that was torn or is stale is seen whichever half is old.
struct area {
    uint64_t *mem, salt, seed;
    uint32_t *model;
    size_t pages, checked;
};

static inline uint64_t area_base(const struct area *a, size_t page)
{
    return a->salt + page * 0x9E3779B97F4A7C15ull + a->model[page] * 0xD1B54A32D192ED03ull;
}

static inline void area_write(struct area *a, size_t page)
{
    uint64_t base = area_base(a, page), *p = a->mem + page * WORDS;
    for (int w = 0; w < WORDS; w++)
        p[w] = base + w;
}

// With a hole on either side: a mapping that is merged into a neighbour makes all of it dirty, and nothing would be clean.
static inline void *map_private(size_t pages)
{
    char *m = mmap(0, (pages + 2) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED || munmap(m, PAGE) || munmap(m + (pages + 1) * PAGE, PAGE))
        die("mmap");
    return m + PAGE;
}

static inline void area_fill(struct area *a, void *mem, size_t pages, uint64_t salt)
{
    *a = (struct area){ .mem = mem, .salt = salt << 32, .seed = salt, .pages = pages };
    if (!(a->model = calloc(pages, sizeof *a->model)))
        die("calloc");
    for (size_t i = 0; i < pages; i++)
        area_write(a, i);
}

// Rewrites `count` pages chosen at random, never one below `first`.
static inline void area_touch_from(struct area *a, size_t first, int count)
{
    while (count-- > 0) {
        a->seed = a->seed * 6364136223846793005ull + 1442695040888963407ull;
        size_t i = first + (a->seed >> 33) % (a->pages - first);
        a->model[i]++;
        area_write(a, i);
    }
}

static inline void area_touch(struct area *a, int count) { area_touch_from(a, 0, count); }

static inline void area_check_pages(const struct area *a, size_t from, size_t to, const char *name)
{
    for (size_t i = from; i < to; i++) {
        uint64_t base = area_base(a, i), wrong = 0;
        const uint64_t *p = a->mem + i * WORDS;
        for (int w = 0; w < WORDS; w++)
            wrong |= p[w] ^ (base + w);
        if (wrong) {
            int w = 0;
            while (p[w] == base + w)
                w++;
            say("BAD pid %d %s page %zu word %d at %p: %016llx for %016llx, rewritten %u times", getpid(), name, i, w,
                (void *)p, (unsigned long long)p[w], (unsigned long long)base + w, a->model[i]);
            victim_bad = 1;
            return;
        }
    }
}

static inline void area_check(const struct area *a, const char *name) { area_check_pages(a, 0, a->pages, name); }

// Checks an eighth of it, the next one with each call: checking all of it each time would be slow on an emulated CPU.
static inline void area_check_some(struct area *a, const char *name)
{
    size_t n = a->checked++ % 8;
    area_check_pages(a, a->pages * n / 8, a->pages * (n + 1) / 8, name);
}

// ---- life ----

static inline void nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&t, 0);
}

static inline void victim_ready(void)
{
    victim_signals();
    say("READY %d", getpid());
}

// Ends a round; false after SIGTERM. Every round is printed, so that `chain` detects a gap or a repetition.
static inline int victim_round(int ms)
{
    say("round %ld %s", victim_rounds++, victim_bad ? "WRONG" : "ok");
    if (!victim_stop && !victim_bad)
        nap(ms);
    return !victim_stop && !victim_bad;
}

// True once per SIGUSR1; the caller acts, then calls victim_stepped().
static inline int victim_step(void) { return victim_steps_done < victim_steps; }
static inline void victim_stepped(void) { say("STEP %d", ++victim_steps_done); }

static inline int victim_verdict(void)
{
    say("VERDICT %s", victim_bad ? "bad" : "ok");
    return victim_bad;
}

// ---- child tasks ----

// Forks; the child forgets the parent's signals, runs life(arg) and exits with its verdict. It dies with us.
static inline pid_t spawn(void (*life)(long), long arg)
{
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    victim_stop = victim_steps = 0;
    victim_signals();
    life(arg);
    _exit(victim_bad);
}

// The life of a child with memory of its own, which it changes and checks until it is asked to finish.
static inline void area_life(long n)
{
    struct area own;
    area_fill(&own, map_private(512), 512, 1000 + n);
    while (!victim_stop && !victim_bad) {
        area_touch(&own, 4);
        area_check_some(&own, "own");
        nap(60);
    }
    area_check(&own, "own");
}

// Waits for a child's end and takes over its verdict.
static inline void reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    if (status) {
        say("BAD child %d ended with status %x", pid, status);
        victim_bad = 1;
    }
}

// Asks a child for its own last check first.
static inline void finish(pid_t pid)
{
    kill(pid, SIGCONT);
    kill(pid, SIGTERM);
    reap(pid);
}
