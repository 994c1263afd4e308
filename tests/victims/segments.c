/* Shared memory in the shape that its argument says: "huge" (a segment of 64 GiB with three pages in it), "many" (64 segments),
 * "family" (one segment in three tasks, at different places and offsets), "hugetlb", "same" (mapped twice), "cut" (a memfd that
 * is made shorter and longer again for ever), "none" (nothing was ever written), "deleted" (a file in /dev/shm that has no name
 * any more). SIGUSR1: it writes a page in the first segment, and prints DONE. */
#include "victim.h"

#define HUGE (2UL << 20)
#define PAGES 64UL

static volatile sig_atomic_t asked;

static void ask(int signal)
{
    (void)signal;
    asked = 1;
}

static char *shared(size_t pages)
{
    return map(pages, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

static char *of_memfd(size_t pages, int *fd)
{
    *fd = memfd_create("segment", 0);
    MUST(*fd);
    MUST(ftruncate(*fd, (off_t)(pages * PAGE)));
    return map(pages, PROT_READ | PROT_WRITE, MAP_SHARED, *fd);
}

static void be_family(int fd)
{
    for (int n = 1; n < 3; n++) {
        pid_t pid = fork();
        MUST(pid);
        if (pid == 0) {
            die_with_parent();
            MUST(mmap(NULL, PAGES / 2 * PAGE, PROT_READ, MAP_SHARED, fd, (off_t)(n * PAGE)));
            raise(SIGSTOP);
            rest();
        }
        MUST(waitpid(pid, NULL, WUNTRACED));
        MUST(kill(pid, SIGCONT));
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int fd = -1;
    die_with_parent();
    struct sigaction action = {.sa_handler = ask};
    MUST(sigaction(SIGUSR1, &action, NULL));
    char *first;
    if (strcmp(what, "huge") == 0) {
        size_t pages = 1UL << 24;
        first = shared(pages);
        fill(first, 1, 1);
        fill(first + pages / 2 * PAGE, 1, 2);
        fill(first + (pages - 1) * PAGE, 1, 3);
    } else if (strcmp(what, "hugetlb") == 0) {
        first = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
        if (first == MAP_FAILED)
            skip("no huge page can be had");
        fill(first, HUGE / PAGE, 1);
    } else if (strcmp(what, "deleted") == 0) {
        char name[] = "/dev/shm/predump-victim-XXXXXX";
        fd = mkstemp(name);
        if (fd < 0)
            skip("no file can be made in /dev/shm");
        MUST(unlink(name));
        MUST(ftruncate(fd, (off_t)(PAGES * PAGE)));
        first = map(PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
        fill(first, PAGES, 1);
    } else if (strcmp(what, "none") == 0) {
        first = shared(PAGES);
    } else {
        first = of_memfd(PAGES, &fd);
        fill(first, PAGES, 1);
        for (int n = 0; n < 63 && strcmp(what, "many") == 0; n++)
            fill(shared(1 + n), 1 + n, 2 + n);
        if (strcmp(what, "same") == 0)
            (void)map(PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
        if (strcmp(what, "family") == 0)
            be_family(fd);
    }
    ready();
    while (strcmp(what, "cut") == 0 && !asked) {
        MUST(ftruncate(fd, 5 * (off_t)PAGE + 7));
        MUST(ftruncate(fd, 0));
        MUST(ftruncate(fd, (off_t)(PAGES * PAGE)));
        MUST(pwrite(fd, "x", 1, 40 * (off_t)PAGE));
    }
    while (!asked)
        usleep(1000);
    fill(first, 1, 99);
    MUST(write(STDOUT_FILENO, "DONE\n", 5));
    rest();
}
