/* Names that mislead code that splits lines at blanks, brackets or line ends: the task's own, and a mapped file's. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    MUST(prctl(PR_SET_NAME, ") Z 0 (\n\tx: "));
    char name[] = "/tmp/pre dump\n7f00-8f00 rw-p 0 0 0 [vvar] XXXXXX";
    int fd = mkstemp(name);
    MUST(fd);
    MUST(ftruncate(fd, 16 * PAGE));
    fill(map(16, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd), 16, 1);
    MUST(unlink(name));
    ready();
    rest();
}
