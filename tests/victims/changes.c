/* Between two rounds, at SIGUSR1, it does what its argument says to 4 areas of 2 MiB, and prints DONE. All stays as it is
 * otherwise. For rounds by content: what has the same bytes afterwards is not to be written again, wherever it came from. */
#include "victim.h"
#include <linux/sched.h>

#define TABLE 512UL
#define AREAS 4UL
#define SOME 100UL

static volatile sig_atomic_t asked;
static char *area;
static char **arguments;
static pid_t child;

static void ask(int signal)
{
    (void)signal;
    asked = 1;
}

static pid_t fork_as(pid_t pid, unsigned long salt)
{
    struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = pid ? (uintptr_t)&pid : 0, .set_tid_size = pid ? 1 : 0};
    pid_t got = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    MUST(got);
    if (got)
        return got;
    die_with_parent();
    fill(area, TABLE, salt);
    raise(SIGSTOP); /* it says that it is done, and is continued */
    rest();
}

static pid_t forked(pid_t pid, unsigned long salt)
{
    int status;
    pid_t got = fork_as(pid, salt);
    MUST(waitpid(got, &status, WUNTRACED));
    MUST(kill(got, SIGCONT));
    return got;
}

static void end_child(void)
{
    MUST(kill(child, SIGKILL));
    MUST(waitpid(child, NULL, 0));
}

static void move(char *from, char *to)
{
    void *got = mremap(from, TABLE * PAGE, TABLE * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    MUST(got);
}

static void act(const char *what)
{
    char *second = area + TABLE * PAGE, *free = area + AREAS * TABLE * PAGE;
    if (strcmp(what, "write") == 0) {
        fill(area, 3, 7);
    } else if (strcmp(what, "rewrite") == 0) { /* the same bytes */
        memset(area, 1, AREAS * TABLE * PAGE);
        fill(area, AREAS * TABLE, 1);
    } else if (strcmp(what, "move") == 0) { /* two page tables change places */
        move(area, free);
        move(second, area);
        move(free, second);
    } else if (strcmp(what, "there-and-back") == 0) {
        move(area, free);
        fill(free, 3, 7);
        move(free, area);
    } else if (strcmp(what, "zero") == 0) {
        memset(area, 0, SOME * PAGE);
    } else if (strcmp(what, "drop") == 0) {
        MUST(madvise(area, SOME * PAGE, MADV_DONTNEED));
        read_touch(area, SOME);
    } else if (strcmp(what, "unmap") == 0) {
        MUST(munmap(second, TABLE * PAGE));
    } else if (strcmp(what, "pageout") == 0) {
        MUST(madvise(area, 2 * TABLE * PAGE, MADV_PAGEOUT));
    } else if (strcmp(what, "fork") == 0) {
        child = forked(0, 9);
    } else if (strcmp(what, "exit") == 0) {
        end_child();
    } else if (strcmp(what, "reuse") == 0) {
        end_child();
        usleep(50000); /* start times are counted in ticks of 10 ms */
        forked(child, 11);
    } else if (strcmp(what, "exec") == 0) {
        arguments[2] = "again"; /* there is always a third */
        MUST(execv("/proc/self/exe", arguments));
    } else if (strcmp(what, "huge") == 0) {
        for (unsigned long i = 0; i < AREAS; i++)
            area[i * TABLE * PAGE + 12345] ^= 1;
    }
    MUST(write(STDOUT_FILENO, "DONE\n", 5));
}

int main(int argc, char **argv)
{
    die_with_parent();
    if (argc < 2) {
        fprintf(stderr, "what shall change?\n");
        return 1;
    }
    char *given[] = {argv[0], argv[1], "first", NULL};
    arguments = given;
    struct sigaction action = {.sa_handler = ask};
    MUST(sigaction(SIGUSR1, &action, NULL));
    area = map((AREAS + 2) * TABLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    area = (char *)(((uintptr_t)area + TABLE * PAGE - 1) & ~(uintptr_t)(TABLE * PAGE - 1));
    MUST(madvise(area, AREAS * TABLE * PAGE, strcmp(argv[1], "huge") == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE));
    fill(area, AREAS * TABLE, argc > 2 ? 5 : 1);
    if (strcmp(argv[1], "exit") == 0 || strcmp(argv[1], "reuse") == 0)
        child = forked(0, 9);
    if (argc > 2) {
        MUST(write(STDOUT_FILENO, "DONE\n", 5));
        rest();
    }
    ready();
    while (!asked)
        usleep(1000);
    act(argv[1]);
    rest();
}
