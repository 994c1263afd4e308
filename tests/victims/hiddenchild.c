/* A process and its child. The file is root's and setuid: the child stays root's, the parent goes back to the user who started
 * it, from whom /proc with hidepid then hides the child. */
#include "victim.h"

static void become(uid_t user)
{
    MUST(setresuid(user, user, user));
    MUST(prctl(PR_SET_DUMPABLE, 1)); /* the change of user took it, and the death with the parent, away */
    die_with_parent();
}

int main(void)
{
    uid_t user = getuid(), owner = geteuid();
    if (user == owner)
        skip("the file is not setuid, or its file system is mounted nosuid");
    fill(private_memory(64), 64, 1);
    int up[2];
    MUST(pipe(up));
    pid_t child = fork();
    MUST(child);
    become(child == 0 ? owner : user);
    if (child == 0) {
        MUST(write(up[1], "x", 1));
        rest();
    }
    char byte;
    MUST(read(up[0], &byte, 1));
    ready();
    rest();
}
