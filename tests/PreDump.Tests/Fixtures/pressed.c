/* So many pages (8192), more than its cgroup may hold: most are in swap; a small part of them is used and checked all the
 * time, all of them once in a while. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    size_t pages = argument(argc, argv, 1, 8192), hot = pages / 8;
    char *memory = private_memory(pages);
    fill(memory, pages, 1);
    ready();
    for (uint64_t salt = 1;; salt++) {
        for (size_t page = 0; page < hot; page++) {
            if (damaged(memory + page * PAGE, 1, salt))
                exit(1);
            fill(memory + page * PAGE, 1, salt + 1);
        }
        size_t cold = hot + salt % (pages - hot);
        if (damaged(memory + cold * PAGE, 1, 1))
            exit(1);
        usleep(1000);
    }
}
