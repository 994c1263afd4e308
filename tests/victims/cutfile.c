// cutfile: a private mapping of a file that is cut and grown all the time. Pages behind the end raise SIGBUS, and what
// was written to them is gone; behind a new end the file's bytes show again.
#include "chain.h"
#include <fcntl.h>
#include <setjmp.h>

enum { PAGES = 64, KEPT = 16 };
static sigjmp_buf jump;
static uint64_t *mem, ours[PAGES], count = 1;

static void on_bus(int s) { (void)s; siglongjmp(jump, 1); }

static uint64_t file_word(int page, int w) { return 0xF11E000000000000ull + page * WORDS + w; }

static void grow(int fd)
{
    uint64_t page[WORDS];
    for (int i = KEPT; i < PAGES; i++) {
        for (int w = 0; w < WORDS; w++)
            page[w] = file_word(i, w);
        if (pwrite(fd, page, PAGE, (off_t)i * PAGE) != PAGE)
            die("pwrite");
    }
}

static void write_page(int i, uint64_t base)
{
    ours[i] = base;
    for (int w = 0; w < WORDS; w++)
        mem[i * WORDS + w] = base + w;
}

static void check(void)
{
    for (int i = 0; i < PAGES; i++)
        for (int w = 0; w < WORDS; w++) {
            uint64_t right = ours[i] ? ours[i] + w : file_word(i, w), is = mem[i * WORDS + w];
            if (is != right) {
                say("BAD page %d word %d: %016llx for %016llx", i, w, (unsigned long long)is, (unsigned long long)right);
                victim_bad = 1;
                return;
            }
        }
}

int main(void)
{
    char name[] = "cutfile.XXXXXX";
    uint64_t page[WORDS];
    int fd = mkstemp(name);
    if (fd < 0)
        die(name);
    for (int i = 0; i < KEPT; i++) {
        for (int w = 0; w < WORDS; w++)
            page[w] = file_word(i, w);
        if (pwrite(fd, page, PAGE, (off_t)i * PAGE) != PAGE)
            die("pwrite");
    }
    grow(fd);
    mem = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (mem == MAP_FAILED)
        die("mmap");
    signal(SIGBUS, on_bus);
    victim_ready();
    do {
        for (int turn = 0; turn < 8; turn++) {
            for (int i = count % 3; i < PAGES; i += 3)
                write_page(i, ++count << 16);
            check();
            if (ftruncate(fd, KEPT * PAGE))
                die("ftruncate");
            // (seldom: CRIU can't dump a task that it stops on the way into this signal)
            if (turn == 0 && victim_step() && sigsetjmp(jump, 1) == 0) {
                *(volatile uint64_t *)(mem + KEPT * WORDS);
                say("BAD no SIGBUS behind the end");
                victim_bad = 1;
            }
            memset(ours + KEPT, 0, sizeof ours - KEPT * sizeof *ours);
            grow(fd);
            check();
        }
        if (victim_step())
            victim_stepped();
    } while (victim_round(5));
    check();
    unlink(name);
    return victim_verdict();
}
