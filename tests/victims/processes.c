/* A tree of N processes (50), each with up to three children and its own pages. */
#include "victim.h"

/* Makes the children of this process; in a child, goes on as that child. Returns the number that this process has. */
static unsigned long branch(unsigned long count)
{
    unsigned long mine = 0;
    for (unsigned long child = 1; child <= 3 * mine + 3 && child < count; child++) {
        if (child <= 3 * mine)
            continue;
        pid_t pid = fork();
        MUST(pid);
        if (pid == 0) {
            die_with_parent();
            mine = child;
        }
    }
    return mine;
}

int main(int argc, char **argv)
{
    die_with_parent();
    unsigned long count = argument(argc, argv, 1, 50);
    int up[2];
    MUST(pipe(up));
    unsigned long mine = branch(count);
    fill(private_memory(16), 16, mine);
    MUST(write(up[1], "x", 1));
    if (mine == 0) {
        char byte;
        for (unsigned long i = 0; i < count; i++)
            MUST(read(up[0], &byte, 1));
        ready();
    }
    rest();
}
