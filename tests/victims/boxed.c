// boxed: two tasks in pid and mount namespaces of their own, as a container's are: the images are named by the pids
// inside (1 and 2). Outside, this program only sets up ./box (a root directory with itself in it) and waits.
#include "chain.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void copy(const char *from, const char *to)
{
    int in = open(from, O_RDONLY), out = open(to, O_CREAT | O_WRONLY, 0755);
    while (sendfile(out, in, 0, 1 << 20) > 0)
        ;
    close(in);
    if (in < 0 || out < 0 || close(out))
        die(to);
}

static void live(long n)
{
    struct area own;
    close_range(3, ~0U, 0);
    area_fill(&own, map_private(512), 512, 30 + n);
    while (!victim_stop && !victim_bad) {
        area_touch(&own, 4);
        area_check_some(&own, "own");
        nap(50);
    }
    area_check(&own, "own");
}

static int inside(void)
{
    struct area a;
    // nothing from outside may stay open but the log, which is on the mount that `chain` declares as external
    int null = open("/null", O_CREAT | O_RDWR, 0600), log = open("/w/out", O_WRONLY | O_APPEND);
    if (null < 0 || log < 0)
        die("open");
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    close(null);
    close(log);
    victim_signals();
    pid_t child = spawn(live, 1);
    area_fill(&a, map_private(1024), 1024, 3);
    nap(300);
    close_range(3, ~0U, 0); // tells the one outside
    do {
        area_touch(&a, 4);
        area_check_some(&a, "area");
        if (victim_step())
            victim_stepped();
    } while (victim_round(50));
    finish(child);
    area_check(&a, "area");
    return victim_verdict();
}

static void enter(void)
{
    if (setsid() < 0 || mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) || mount(".", "box/w", 0, MS_BIND, 0)
        || chdir("box") || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/")
        || mount("proc", "proc", "proc", 0, 0))
        die("enter");
    execl("/boxed", "boxed", "inside", NULL);
    die("exec");
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "inside"))
        return inside();
    if (mkdir("box", 0755) || mount("box", "box", 0, MS_BIND, 0) || mount(0, "box", 0, MS_PRIVATE, 0)
        || mkdir("box/proc", 0755) || mkdir("box/w", 0755))
        die("box");
    copy("/proc/self/exe", "box/boxed");
    int ready[2];
    char c;
    if (pipe(ready))
        die("pipe");
    pid_t pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0);
    if (pid < 0)
        die("clone");
    if (!pid)
        enter();
    close(ready[1]);
    if (read(ready[0], &c, 1))
        die("read");
    say("READY %d", pid);
    waitpid(pid, 0, 0);
    return 0;
}
