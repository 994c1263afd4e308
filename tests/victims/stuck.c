/* A thread that can't be stopped: a vfork parent whose child is no child of the tree, for so many ms (0: for ever). On SIGUSR1
 * the process says for how long at most its first thread, which does not sleep otherwise, stood still. */
#include "victim.h"
#include <sched.h>

static long milliseconds;
static volatile sig_atomic_t asked;

static void ask(int signal)
{
    (void)signal;
    asked = 1;
}

static int child(void *unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (long slept = 0; milliseconds == 0 || slept < milliseconds; slept += 10)
        usleep(10 * 1000);
    _exit(0);
}

static void *stick(void *stack)
{
    MUST(clone(child, stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD, NULL));
    return NULL;
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static _Noreturn void serve(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    signal(SIGUSR1, ask);
    char *stack = private_memory(64);
    pthread_t thread;
    if (pthread_create(&thread, NULL, stick, stack + 64 * PAGE) != 0)
        exit(1);
    usleep(100 * 1000);
    ready();
    long worst = 0;
    for (long last = now();;) {
        usleep(1000);
        long then = last;
        last = now();
        worst = last - then > worst ? last - then : worst;
        if (asked) {
            asked = 0;
            printf("STOOD %ld\n", worst);
            fflush(stdout);
        }
    }
}

int main(int argc, char **argv)
{
    die_with_parent();
    milliseconds = (long)argument(argc, argv, 1, 0);
    pid_t tree = fork();
    MUST(tree);
    if (tree == 0)
        serve();
    rest();
}
