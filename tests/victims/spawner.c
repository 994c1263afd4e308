// spawner: a tree in which tasks are born and die without end: forks, threads, execs, vforks, and double forks whose
// grandchildren leave the tree. Each branch checks memory that it got from its parent.
#include "chain.h"
#include <pthread.h>

enum { PAGES = 64, BRANCHES = 5 };
static struct area area;

// (the children of branches get no signal to stop: they live only for a moment)
static void short_life(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    area_touch(&area, 4);
    area_check_some(&area, "a child's copy");
    _exit(victim_bad);
}

static void *moment(void *arg)
{
    area_check_some(arg, "seen by a thread");
    return 0;
}

static void branch(long kind)
{
    pthread_t thread[4];
    pid_t pid;
    area_fill(&area, map_private(PAGES), PAGES, 10 + kind);
    while (!victim_stop && !victim_bad) {
        switch (kind) {
        case 0: // forks
            if ((pid = fork()) == 0)
                short_life();
            reap(pid);
            break;
        case 1: // threads
            for (int i = 0; i < 4; i++)
                if (pthread_create(&thread[i], 0, moment, &(struct area){ area.mem, area.salt, i, area.model, PAGES, i }))
                    die("pthread_create");
                else
                    pthread_join(thread[i], 0);
            break;
        case 2: // programs
            if ((pid = fork()) == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                execl("/proc/self/exe", "spawner", "3", (char *)0);
                _exit(9);
            }
            reap(pid);
            break;
        case 3: // a parent that stands still until its child lets go
            if ((pid = vfork()) == 0) {
                for (volatile int i = 0; i < 20000; i++)
                    ;
                _exit(0);
            }
            reap(pid);
            break;
        default: // leave the tree; not too many, somebody has to bury them
            if ((pid = fork()) == 0) {
                if (fork() == 0) {
                    area_check_some(&area, "a grandchild's copy");
                    nap(2);
                }
                _exit(victim_bad);
            }
            reap(pid);
            nap(20);
        }
        area_touch(&area, 2);
    }
    area_check(&area, "a branch's");
}

int main(int argc, char **argv)
{
    if (argc == 2) { // one of the programs: it becomes another one a few times
        area_fill(&area, map_private(PAGES), PAGES, 7);
        char left[] = { argv[1][0] - 1, 0 };
        if (*left == '0')
            return 0;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/proc/self/exe", "spawner", left, (char *)0);
        return 9;
    }
    struct area own;
    pid_t child[BRANCHES];
    area_fill(&own, map_private(PAGES), PAGES, 1);
    for (long kind = 0; kind < BRANCHES; kind++)
        child[kind] = spawn(branch, kind);
    victim_ready();
    do {
        area_touch(&own, 2);
        area_check_some(&own, "the root's");
        if (victim_step())
            victim_stepped();
    } while (victim_round(20));
    area_check(&own, "the root's");
    for (int kind = 0; kind < BRANCHES; kind++)
        finish(child[kind]);
    return victim_verdict();
}
