/* N pages (1024), of which the first three quarters are paged out to swap. */
#include "victim.h"
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

int main(int argc, char **argv)
{
    die_with_parent();
    size_t pages = argument(argc, argv, 1, 1024);
    char *memory = private_memory(pages);
    fill(memory, pages, 1);
    if (madvise(memory, pages * 3 / 4 * PAGE, MADV_PAGEOUT) == -1)
        skip("this kernel has no MADV_PAGEOUT");
    ready();
    rest();
}
