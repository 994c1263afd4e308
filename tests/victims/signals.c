/* Counts queued signals that its child numbers 1, 2, 3 …: one lost or one twice ends it with exit code 3. The last
 * number is kept in the first 8 bytes of the file named first. */
#include "victim.h"

static int counter;
static uint64_t last;

static void receive(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    if ((uint64_t)info->si_value.sival_int != last + 1)
        _exit(3);
    last++;
    if (pwrite(counter, &last, sizeof last, 0) != sizeof last)
        _exit(4);
}

int main(int argc, char **argv)
{
    die_with_parent();
    if (argc < 2)
        return 2;
    counter = open(argv[1], O_RDWR | O_CREAT, 0600);
    MUST(counter);
    struct sigaction action = {.sa_sigaction = receive, .sa_flags = SA_SIGINFO | SA_RESTART};
    MUST(sigaction(SIGRTMIN, &action, NULL));
    pid_t parent = getpid(), child = fork();
    MUST(child);
    if (child == 0) {
        die_with_parent();
        for (int number = 1;; number++) {
            while (sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = number}) == -1)
                usleep(1000); /* the queue is full */
            if (number % 16 == 0)
                usleep(100);
        }
    }
    ready();
    rest();
}
