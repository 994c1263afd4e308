/* Its children take memory until they are killed for it, in the cgroup whose path is the argument. Its own memory (64
 * pages) stays. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    char procs[256];
    snprintf(procs, sizeof procs, "%s/cgroup.procs", argc > 1 ? argv[1] : "");
    fill(private_memory(64), 64, 1);
    for (int first = 1;; first = 0) {
        pid_t pid = fork();
        MUST(pid);
        if (pid == 0) {
            die_with_parent();
            int fd = open(procs, O_WRONLY);
            MUST(write(fd, "0", 1));
            for (;;)
                fill(map(64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1), 64, 3);
        }
        if (first)
            ready();
        int status;
        MUST(waitpid(pid, &status, 0));
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            exit(1);
    }
}
