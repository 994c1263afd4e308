// hungry: with each step a child allocates memory, page by page, until the kernel kills it: run in a cgroup with a limit. The
// kernel will choose this child.
#include "chain.h"
#include <fcntl.h>

static void eat(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (fd < 0 || write(fd, "1000", 4) != 4)
        die("oom_score_adj");
    close(fd);
    for (int i = 1;; i++) {
        volatile char *page = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            die("mmap");
        page[0] = 1;
        if (i % 64 == 0)
            nap(5); // so that a round or two fit in
    }
}

int main(void)
{
    struct area a;
    area_fill(&a, map_private(1024), 1024, 1);
    victim_ready();
    do {
        while (waitpid(-1, 0, WNOHANG) > 0)
            say("EATEN");
        area_touch(&a, 4);
        area_check_some(&a, "area");
        if (victim_step()) {
            pid_t child = fork();
            if (child < 0)
                die("fork");
            if (!child)
                eat();
            victim_stepped();
        }
    } while (victim_round(20));
    area_check(&a, "area");
    return victim_verdict();
}
