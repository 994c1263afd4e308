// twins: a child that is pid 1 of a pid namespace of its own; with each odd step there is a second one, with each even step it is
// gone. Images are named by that pid, so a tree with both can't be pre-dumped. For refusals.py: criu can't dump such a tree.
#include "chain.h"
#include <sched.h>
#include <sys/syscall.h>

static pid_t first_of_namespace(long salt)
{
    struct area own;
    pid_t pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0)
        die("clone");
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    area_fill(&own, map_private(256), 256, salt);
    for (;;) {
        area_touch(&own, 4);
        area_check_some(&own, "own");
        nap(60);
    }
}

int main(void)
{
    struct area a;
    pid_t second = 0;
    area_fill(&a, map_private(256), 256, 1);
    first_of_namespace(2);
    nap(300);
    victim_ready();
    do {
        area_touch(&a, 4);
        area_check_some(&a, "area");
        if (victim_step()) {
            if (second) {
                kill(second, SIGKILL);
                waitpid(second, 0, 0);
                second = 0;
            } else {
                second = first_of_namespace(3);
            }
            victim_stepped();
        }
    } while (victim_round(50));
    area_check(&a, "area");
    return victim_verdict();
}
