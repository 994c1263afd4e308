/* A parent that does not reap its dead child. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    pid_t child = fork();
    MUST(child);
    if (child == 0)
        _exit(7);
    siginfo_t info;
    MUST(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
    ready();
    rest();
}
