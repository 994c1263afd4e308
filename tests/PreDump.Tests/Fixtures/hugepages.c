/* Transparent huge pages: one written, one half unmapped again, and one only read, which is the huge zero page. */
#include "victim.h"
#define HUGE (2UL << 20)

static char *aligned(size_t bytes)
{
    char *at = private_memory((bytes + HUGE) / PAGE);
    at = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
    MUST(madvise(at, bytes, MADV_HUGEPAGE));
    return at;
}

int main(void)
{
    die_with_parent();
    fill(aligned(HUGE), HUGE / PAGE, 1);

    char *split = aligned(HUGE);
    fill(split, HUGE / PAGE, 2);
    MUST(madvise(split, HUGE, MADV_NOHUGEPAGE)); /* else the kernel may join it again at any moment */
    MUST(madvise(split + 100 * PAGE, 50 * PAGE, MADV_DONTNEED));

    read_touch(aligned(HUGE), 1);
    ready();
    rest();
}
