/* Transparent huge pages: one written, one half unmapped again, and one only read, which is the huge zero page
 * (or where use_zero_page is 0, or the kernel has no zero page at all, a huge page of zeros). */
#include "victim.h"
#define HUGE (2UL << 20)

static char *aligned(size_t bytes)
{
    char *at = private_memory((bytes + HUGE) / PAGE);
    at = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
    if (madvise(at, bytes, MADV_HUGEPAGE) == -1)
        skip("this kernel has no transparent huge pages");
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

    char *only_read = aligned(HUGE);
    read_touch(only_read, 1);
    unsigned char there[HUGE / PAGE];
    MUST(mincore(only_read, HUGE, there));
    if (!there[HUGE / PAGE - 1])
        skip("no huge page came for one that was read (transparent_hugepage/enabled)");
    ready();
    rest();
}
