/* N pages (16384) of a process that becomes another program (sleep) on SIGUSR1. With "vfork" as a second argument it is the child
 * of a vfork that becomes one: the memory lives on, as its parent's. READY names the parent then. */
#include "victim.h"

static void become(int signal)
{
    (void)signal;
    execl("/bin/sleep", "sleep", "1000", NULL);
    _exit(1);
}

int main(int argc, char **argv)
{
    die_with_parent();
    size_t pages = argument(argc, argv, 1, 16384);
    fill(private_memory(pages), pages, 1);
    signal(SIGUSR1, become);
    pid_t parent = getpid();
    if (argc > 2) {
        pid_t child = vfork();
        MUST(child);
        if (child > 0) {
            rest();
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    ready_as(parent);
    rest();
}
