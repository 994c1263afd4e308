/* Shows by itself that it runs on undamaged: it rewrites its memory (N pages, 1024) round by round, checks before each
 * round that the previous one is still there, and keeps the count of rounds in the first 8 bytes of the
 * file named first. Damage ends it with exit code 3. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    if (argc < 2)
        return 2;
    int counter = open(argv[1], O_RDWR | O_CREAT, 0600);
    MUST(counter);
    size_t pages = argument(argc, argv, 2, 1024);
    char *memory = private_memory(pages);
    fill(memory, pages, 0);
    ready();
    for (uint64_t round = 0;; round++) {
        void *bad = damaged(memory, pages, round);
        if (bad) {
            fprintf(stderr, "damaged at %p in round %lu\n", bad, (unsigned long)round);
            return 3;
        }
        fill(memory, pages, round + 1);
        MUST(pwrite(counter, &round, sizeof round, 0));
    }
}
