/* Its children take memory until they are killed for it: to be run in a cgroup with a memory limit. Its own memory (64
 * pages) stays. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    for (int first = 1;; first = 0) {
        pid_t pid = fork();
        MUST(pid);
        if (pid == 0) {
            die_with_parent();
            int fd = open("/proc/self/oom_score_adj", O_WRONLY);
            MUST(write(fd, "1000", 4));
            for (;;)
                fill(map(64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1), 64, 3);
        }
        if (first)
            ready();
        int status;
        MUST(waitpid(pid, &status, 0));
        usleep(20000); /* until its memory is really given back: the next fork must not be what lacks it */
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            exit(1);
    }
}
