/* Children and threads that start and end all the time: while this tree is frozen, tasks appear and vanish. A few
 * children (8) stay. */
#include "victim.h"

static void *short_life(void *unused)
{
    return unused;
}

int main(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    for (int i = 0; i < 8; i++) {
        pid_t pid = fork();
        MUST(pid);
        if (pid == 0) {
            die_with_parent();
            fill(private_memory(16), 16, (uint64_t)i);
            rest();
        }
    }
    signal(SIGCHLD, SIG_IGN);
    ready();
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, short_life, NULL) == 0)
            pthread_join(thread, NULL);
        pid_t pid = fork();
        if (pid == 0) {
            if (pthread_create(&thread, NULL, short_life, NULL) == 0)
                pthread_join(thread, NULL);
            _exit(0);
        }
        usleep(100);
    }
}
