/* Forked, as many servers are: three children that share all memory (4096 pages) with their parent and write to none. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    fill(private_memory(4096), 4096, 1);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        MUST(pid);
        if (pid == 0) {
            die_with_parent();
            rest();
        }
    }
    ready();
    rest();
}
