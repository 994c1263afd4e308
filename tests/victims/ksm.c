// ksm: memory that the kernel merges (MADV_MERGEABLE). With each step a quarter of it is rewritten so that its pages become
// equal, and the step ends only when the kernel has merged them: it then drops the mark that they were changed.
#include "chain.h"

enum { PAGES = 256, QUARTER = PAGES / 4 };
static uint64_t *mem;
static long written[PAGES]; // in which step; 0: never, and then no page is like another

static uint64_t word_of(size_t page, int word)
{
    uint64_t base = written[page] ? written[page] * 0xD1B54A32D192ED03ull : (page + 1) * 0x9E3779B97F4A7C15ull;
    return base + word;
}

static void write_page(size_t page)
{
    for (int w = 0; w < WORDS; w++)
        mem[page * WORDS + w] = word_of(page, w);
}

static void check(void)
{
    for (size_t page = 0; page < PAGES; page++)
        for (int w = 0; w < WORDS; w++)
            if (mem[page * WORDS + w] != word_of(page, w)) {
                say("BAD page %zu word %d, written in step %ld", page, w, written[page]);
                victim_bad = 1;
                return;
            }
}

static void tell_ksm(const char *name, const char *value)
{
    char path[64];
    snprintf(path, sizeof path, "/sys/kernel/mm/ksm/%s", name);
    FILE *f = fopen(path, "w");
    if (f) {
        fputs(value, f);
        fclose(f);
    }
}

static long merged(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/ksm_merging_pages", "r");
    if (!f || fscanf(f, "%ld", &pages) != 1)
        die("ksm_merging_pages");
    fclose(f);
    return pages;
}

static void step(long number)
{
    size_t first = (number - 1) % 4 * QUARTER;
    long before = merged();
    for (size_t page = first; page < first + QUARTER; page++) {
        written[page] = number;
        write_page(page);
    }
    for (int tries = 0; merged() < before + QUARTER && tries < 1000; tries++)
        nap(10);
    say("merged: %ld pages", merged());
    if (merged() < before + QUARTER - 1)
        die("KSM did not merge the pages");
}

int main(void)
{
    tell_ksm("pages_to_scan", "2000");
    tell_ksm("sleep_millisecs", "20");
    tell_ksm("smart_scan", "0"); // (6.7: otherwise pages that did not merge are skipped for longer and longer)
    tell_ksm("run", "1");
    mem = map_private(PAGES);
    if (madvise(mem, PAGES * PAGE, MADV_MERGEABLE))
        die("MADV_MERGEABLE");
    for (size_t page = 0; page < PAGES; page++)
        write_page(page);
    victim_ready();
    do {
        check();
        if (victim_step()) {
            step(victim_steps_done + 1);
            victim_stepped();
        }
    } while (victim_round(60));
    check();
    return victim_verdict();
}
