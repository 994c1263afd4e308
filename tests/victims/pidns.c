/* N children (1), each the first process of its own pid namespace. READY names the last child, by its pid
 * out here; with "parent" as the second argument it names the parent of all. */
#include "victim.h"
#include <sched.h>

static int up[2];

static int first_process(void *salt)
{
    die_with_parent();
    fill(private_memory(64), 64, (uint64_t)(uintptr_t)salt);
    MUST(write(up[1], "x", 1));
    rest();
}

int main(int argc, char **argv)
{
    die_with_parent();
    MUST(pipe(up));
    pid_t child = 0;
    for (unsigned long i = 0; i < argument(argc, argv, 1, 1); i++) {
        char *stack = private_memory(16);
        child = clone(first_process, stack + 16 * PAGE, CLONE_NEWPID | SIGCHLD, (void *)(uintptr_t)i);
        if (child == -1)
            skip("no new pid namespace can be made");
        char byte;
        MUST(read(up[0], &byte, 1));
    }
    ready_as(argc > 2 && strcmp(argv[2], "parent") == 0 ? getpid() : child);
    rest();
}
