/* Guard pages (MADV_GUARD_INSTALL) inside written memory: they have no content, and touching one is a SIGSEGV. */
#include "victim.h"
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

int main(void)
{
    die_with_parent();
    char *memory = private_memory(64);
    fill(memory, 64, 1);
    if (madvise(memory + 8 * PAGE, PAGE, MADV_GUARD_INSTALL) == -1)
        skip("this kernel has no MADV_GUARD_INSTALL");
    MUST(madvise(memory + 20 * PAGE, 5 * PAGE, MADV_GUARD_INSTALL));
    MUST(madvise(memory + 63 * PAGE, PAGE, MADV_GUARD_INSTALL));
    ready();
    rest();
}
