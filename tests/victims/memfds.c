/* A memfd mapped shared (left to the final dump) and mapped privately (written pages are the task's own). */
#include "victim.h"

int main(void)
{
    die_with_parent();
    int fd = memfd_create("victim", 0);
    MUST(fd);
    MUST(ftruncate(fd, 32 * PAGE));
    fill(map(32, PROT_READ | PROT_WRITE, MAP_SHARED, fd), 32, 1);

    char *private = map(32, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
    read_touch(private, 16);
    for (size_t page = 0; page < 32; page += 4)
        fill(private + page * PAGE, 1, 2);
    ready();
    rest();
}
