/* A vfork parent waits in the kernel, unstoppable, until its child lets go of the borrowed memory. The child does so
 * on SIGUSR1; then the parent says DONE. */
#include "victim.h"

static void nothing(int signal)
{
    (void)signal;
}

int main(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    sigset_t usr1, before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    MUST(sigprocmask(SIG_BLOCK, &usr1, &before));
    signal(SIGUSR1, nothing);
    pid_t parent = getpid();
    pid_t child = vfork();
    MUST(child);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ready_as(parent);
        sigsuspend(&before);
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
    MUST(write(STDOUT_FILENO, "DONE\n", 5));
    rest();
}
