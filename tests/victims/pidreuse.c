// pidreuse: with each step the child leaves and another takes over its pid. The first and every second after it rewrites
// what it inherited, the others leave it alone; so what the first round saved for a pid isn't what its next owner has,
// though it is clean.
#include "chain.h"
#include <linux/sched.h>
#include <sys/syscall.h>

static struct area own, inherited;

static void live(long n)
{
    area_fill(&own, own.mem, own.pages, 1000 + n);
    if (n % 2 == 0)
        area_touch(&inherited, 4 * inherited.pages);
    while (!victim_stop && !victim_bad) {
        area_touch(&own, 2);
        area_check_some(&own, "own");
        area_check_some(&inherited, "inherited");
        nap(60);
    }
    area_check(&own, "own");
    area_check(&inherited, "inherited");
}

static pid_t spawn_as(pid_t pid, long n)
{
    struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
    pid_t got = syscall(SYS_clone3, &args, sizeof args);
    if (got < 0)
        die("clone3 with set_tid");
    if (got)
        return got;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    victim_stop = victim_steps = 0;
    live(n);
    _exit(victim_bad);
}

int main(void)
{
    long n = 0;
    own.pages = 1024;
    own.mem = map_private(own.pages);
    area_fill(&inherited, map_private(256), 256, 5);
    pid_t child = spawn(live, n++);
    nap(300);
    victim_ready();
    do {
        if (victim_step()) {
            finish(child);
            nap(50); // start times are counted in ticks of 10 ms
            child = spawn_as(child, n++);
            victim_stepped();
        }
    } while (victim_round(60));
    finish(child);
    return victim_verdict();
}
