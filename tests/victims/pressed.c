/* N pages (8192) that are swapped out and in all the time, and are checked and rewritten. */
#include "victim.h"
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#define CHUNK 256UL

int main(int argc, char **argv)
{
    die_with_parent();
    size_t pages = argument(argc, argv, 1, 8192), chunks = pages / CHUNK;
    uint64_t salt[chunks];
    char *memory = private_memory(pages);
    for (size_t i = 0; i < chunks; i++)
        fill(memory + i * CHUNK * PAGE, CHUNK, salt[i] = i);
    if (madvise(memory, pages * PAGE, MADV_PAGEOUT) == -1)
        skip("this kernel has no MADV_PAGEOUT");
    ready();
    for (size_t turn = 0;; turn++) {
        size_t out = turn * 7 % chunks, in = turn * 5 % chunks;
        MUST(madvise(memory + out * CHUNK * PAGE, CHUNK * PAGE, MADV_PAGEOUT));
        if (damaged(memory + in * CHUNK * PAGE, CHUNK, salt[in]))
            exit(1);
        if (turn % 3 == 0)
            fill(memory + in * CHUNK * PAGE, CHUNK, ++salt[in]);
    }
}
