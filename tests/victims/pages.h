// Memory whose pages move. A model follows every move and knows for each address the page and its version, or zeros. A page
// begins with its own id, so that an old, foreign or missing one can be identified.
#pragma once
#include "chain.h"

struct page {
    uint32_t id, version;       // what it holds; id 0: zeros
    uint32_t op;                // the operation that put it there
    uint8_t mapped, prot, seen; // seen: a property of the address, a parent has something there
};

// Pages at equal distances; the space between them is unused.
struct zone {
    char *base;
    size_t pages, stride;
    struct page *page;
};

static uint64_t luck, pages_salt;
static uint32_t last_id, branch; // branch: a child's versions are its own, never mistaken for its parent's

static size_t below(size_t n)
{
    luck = luck * 6364136223846793005ull + 1442695040888963407ull;
    return (luck >> 32) * n >> 32;
}

static int one_in(size_t n) { return below(n) == 0; }

// ---- the log of operations, printed after a fault ----

enum { HISTORY = 256 };
static struct { uint32_t op; char text[84]; } history[HISTORY];
static uint32_t now; // the operation that is under way

static void note(const char *format, ...)
{
    va_list a;
    va_start(a, format);
    now++;
    history[now % HISTORY].op = now;
    vsnprintf(history[now % HISTORY].text, sizeof history[0].text, format, a);
    va_end(a);
}

static const char *what_was(uint32_t op)
{
    return op && history[op % HISTORY].op == op ? history[op % HISTORY].text : op ? "(long ago)" : "(the start)";
}

static void tell_history(void)
{
    for (uint32_t op = now > HISTORY ? now - HISTORY + 1 : 1; op <= now; op++)
        say("op %d.%u %s", getpid(), op, history[op % HISTORY].text);
    say("OPS %d told", getpid());
}

// ---- one page ----

static uint64_t *where(const struct zone *z, size_t i) { return (uint64_t *)(z->base + i * z->stride); }

static uint64_t page_word(const struct page *p, int w)
{
    if (!p->id)
        return 0;
    uint64_t name = (uint64_t)p->id << 32 | p->version;
    return w ? pages_salt + name * 0x9E3779B97F4A7C15ull + w : name;
}

static void page_write(struct zone *z, size_t i)
{
    struct page *p = &z->page[i];
    uint64_t *m = where(z, i);
    if (!p->id)
        p->id = ++last_id;
    p->version = ((p->version + 1) & 0xffffff) | branch << 24;
    uint64_t second = page_word(p, 1);
    m[0] = page_word(p, 0);
    for (int w = 1; w < WORDS; w++)
        m[w] = second + w - 1;
}

// The first wrong word, or WORDS.
static int page_check(const struct zone *z, size_t i)
{
    const struct page *p = &z->page[i];
    const uint64_t *m = where(z, i);
    uint64_t second = page_word(p, 1), wrong = m[0] ^ page_word(p, 0), step = p->id != 0;
    for (int w = 1; w < WORDS; w++)
        wrong |= m[w] ^ (second + (w - 1) * step);
    if (!wrong)
        return WORDS;
    int w = 0;
    while (m[w] == page_word(p, w))
        w++;
    return w;
}

// ---- all that is mapped and readable of a part of a zone ----

static size_t pages_checked, pages_wrong;

static void zone_check(const struct zone *z, size_t from, size_t to, int zeros)
{
    for (size_t i = from; i < to; i++) {
        const struct page *p = &z->page[i];
        if (!p->mapped || !(p->prot & PROT_READ) || (!p->id && !zeros))
            continue;
        pages_checked++;
        int w = page_check(z, i);
        if (w == WORDS)
            continue;
        victim_bad = 1;
        const uint64_t *m = where(z, i);
        if (pages_wrong++ < 3) { // (they come by the thousand)
            say("BAD pid %d at %p word %d: page %llx version %llx (word %llx) for page %x version %x", getpid(), (void *)m, w,
                (unsigned long long)m[0] >> 32, (unsigned long long)m[0] & 0xffffffff, (unsigned long long)m[w],
                p->id, p->version);
            say("BAD pid %d put there by op %u of %u: %s", getpid(), p->op, now, what_was(p->op));
        }
    }
}
