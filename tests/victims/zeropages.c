/* Anonymous memory that was only read holds the shared zero page, and needs no place in an image; a page that was
 * written with zeroes does need one. The same for a private mapping of /dev/zero. (On a kernel without a zero page all
 * of them need one.) */
#include "victim.h"

static void touch(char *memory)
{
    read_touch(memory, 64);
    for (size_t page = 0; page < 64; page += 4)
        fill(memory + page * PAGE, 1, 1);
    for (size_t page = 2; page < 64; page += 8)
        memset(memory + page * PAGE, 0, PAGE);
}

int main(void)
{
    die_with_parent();
    touch(private_memory(64));
    int zero = open("/dev/zero", O_RDWR);
    MUST(zero);
    touch(map(64, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero));
    ready();
    rest();
}
