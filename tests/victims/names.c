// names: a task and files with names that mislead code that splits lines or prints them: line ends, escapes, a mapping's
// look, " (deleted)" at the end of one that is not, and a path of nearly 4,000 bytes.
#include "chain.h"
#include <fcntl.h>
#include <sys/stat.h>

enum { PAGES = 16, NAMES = 5 };
static struct area area[NAMES];

static void map_file(struct area *a, const char *name, uint64_t salt)
{
    static char zeros[PAGES * PAGE];
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, zeros, sizeof zeros) != sizeof zeros)
        die("a file with an odd name");
    void *m = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (m == MAP_FAILED)
        die("mmap");
    close(fd);
    area_fill(a, m, PAGES, salt);
}

int main(void)
{
    static const char *const name[] = {
        "line\nend", "7f00-8f00 rw-p 0 0 0\n7f0000000000-7f0000100000 rw-p 00000000 00:00 0 [heap]", "\033[31mred\033[0m\a\b\r",
        "not really (deleted)",
    };
    if (prctl(PR_SET_NAME, ") Z 0\n\033[7m(\t"))
        die("PR_SET_NAME");
    for (int i = 0; i < NAMES - 1; i++)
        map_file(&area[i], name[i], i);
    // a directory in a directory in a directory ...
    char part[201];
    memset(part, 'd', 200);
    part[200] = 0;
    int here = open(".", O_RDONLY | O_DIRECTORY);
    for (int depth = 0; depth < 19; depth++)
        if (mkdir(part, 0700) && errno != EEXIST)
            die("mkdir");
        else if (chdir(part))
            die("chdir");
    map_file(&area[NAMES - 1], "deep", 9);
    if (fchdir(here))
        die("fchdir");
    close(here);
    victim_ready();
    do {
        for (int i = 0; i < NAMES; i++) {
            area_touch(&area[i], 1);
            area_check(&area[i], "a file's");
        }
        if (victim_step())
            victim_stepped();
    } while (victim_round(20));
    for (int i = 0; i < NAMES; i++)
        area_check(&area[i], "a file's");
    return victim_verdict();
}
