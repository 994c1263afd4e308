/* 256 pages that hold only zeros: written, or with "read" as the argument only read. (A huge page has more.) */
#include "victim.h"

#define PAGES 256UL

int main(int argc, char **argv)
{
    die_with_parent();
    char *memory = private_memory(PAGES);
    if (argc > 1 && strcmp(argv[1], "read") == 0)
        read_touch(memory, PAGES);
    else
        memset(memory, 0, PAGES * PAGE);
    ready();
    rest();
}
