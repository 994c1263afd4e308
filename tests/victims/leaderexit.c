/* The first thread has exited, the others go on: /proc shows a zombie, but the memory lives. */
#include "victim.h"

static pthread_t leader;

static void *survivor(void *unused)
{
    (void)unused;
    pthread_join(leader, NULL);
    /* The kernel marks the leader dead a little after pthread_join returns. */
    char path[64], stat[256];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)getpid());
    for (;;) {
        int fd = open(path, O_RDONLY);
        MUST(fd);
        ssize_t length = read(fd, stat, sizeof stat - 1);
        close(fd);
        stat[length > 0 ? length : 0] = 0;
        if (strstr(stat, ") Z "))
            break;
        usleep(1000);
    }
    ready();
    rest();
}

int main(void)
{
    /* No PR_SET_PDEATHSIG: it would go with this thread. The test kills us by pid. */
    fill(private_memory(64), 64, 1);
    leader = pthread_self();
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, survivor, NULL) == 0 ? 0 : -1);
    pthread_exit(NULL);
}
