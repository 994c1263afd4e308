/* A vfork parent waits in the kernel, unstoppable, until its child lets go of the borrowed memory. The child does so
 * on SIGUSR1; then the parent says DONE. */
#include "victim.h"

static void leave(int signal)
{
    (void)signal;
    _exit(0);
}

int main(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    signal(SIGUSR1, leave); /* no sigsuspend: its mask shows in /proc at some moments and not at others */
    pid_t parent = getpid();
    pid_t child = vfork();
    MUST(child);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ready_as(parent);
        rest();
    }
    MUST(waitpid(child, NULL, 0));
    MUST(write(STDOUT_FILENO, "DONE\n", 5));
    rest();
}
