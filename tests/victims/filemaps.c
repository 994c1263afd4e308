/* Files mapped privately and shared: of a private mapping only the pages that were written are the task's own. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    int fd = file_of(32 * PAGE);

    char *written = map(32, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
    read_touch(written, 32);
    for (size_t page = 0; page < 32; page += 3)
        fill(written + page * PAGE, 1, 1);

    char *only_read = map(32, PROT_READ, MAP_PRIVATE, fd);
    read_touch(only_read, 32);

    char *written_then_hidden = map(32, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
    fill(written_then_hidden + 7 * PAGE, 2, 2);
    MUST(mprotect(written_then_hidden, 32 * PAGE, PROT_NONE));

    char *shared = map(32, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    fill(shared, 8, 3);
    ready();
    rest();
}
