/* Its child stops it and lets it go on, over and over; in between it counts in the first 8 bytes of the file named
 * first. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    if (argc < 2)
        return 2;
    int counter = open(argv[1], O_RDWR | O_CREAT, 0600);
    MUST(counter);
    pid_t parent = getpid(), child = fork();
    MUST(child);
    if (child == 0) {
        die_with_parent();
        for (;;) {
            MUST(kill(parent, SIGSTOP));
            usleep(300);
            MUST(kill(parent, SIGCONT));
            usleep(300);
        }
    }
    ready();
    for (uint64_t count = 0;; count++)
        MUST(pwrite(counter, &count, sizeof count, 0));
}
