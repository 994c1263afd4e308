// shared: two tasks that share an anonymous mapping, a memfd and a SysV segment, one rewriting the even and one the
// odd pages; and a private mapping of the memfd, of which only the rewritten pages are the task's own.
#include "chain.h"
#include <sched.h>
#include <sys/shm.h>

enum { PAGES = 512, KINDS = 3 };
static const char *const kind[KINDS] = { "shared anonymous", "memfd", "SysV" };
static void *shared[KINDS];
static struct area mine[KINDS][PAGES / 2], private_copy;

// Each page of ours is an area of one page, so the other task's pages need no model here.
static void live_round(int who, long round)
{
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < PAGES / 2; i++) {
            if ((round + i) % 64 == 0)
                area_touch(&mine[k][i], 1);
            area_check(&mine[k][i], kind[k]);
        }
    area_touch(&private_copy, 2);
    area_check(&private_copy, who ? "private copy of the memfd (child)" : "private copy of the memfd");
}

static void take(int who, int fd)
{
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < PAGES / 2; i++)
            area_fill(&mine[k][i], (char *)shared[k] + (i * 2 + who) * PAGE, 1, k * 1000 + i * 2 + who);
    void *m = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (m == MAP_FAILED)
        die("mmap of the memfd");
    area_fill(&private_copy, m, PAGES, 5000 + who);
}

static int memfd;

static void live(long n)
{
    (void)n;
    take(1, memfd);
    for (long r = 0; !victim_stop && !victim_bad; r++) {
        live_round(1, r);
        nap(60);
    }
    live_round(1, 0);
}

int main(void)
{
    // CRIU dumps SysV memory with its IPC namespace, so we need one of our own
    if (unshare(CLONE_NEWIPC))
        die("unshare");
    memfd = memfd_create("victim", 0);
    if (memfd < 0 || ftruncate(memfd, PAGES * PAGE))
        die("memfd");
    shared[0] = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared[1] = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    shared[2] = shmat(shmget(IPC_PRIVATE, PAGES * PAGE, IPC_CREAT | 0600), 0, 0);
    for (int k = 0; k < KINDS; k++)
        if (shared[k] == MAP_FAILED)
            die(kind[k]);
    pid_t child = spawn(live, 0);
    take(0, memfd);
    nap(300);
    victim_ready();
    do {
        live_round(0, victim_rounds);
        if (victim_step())
            victim_stepped();
    } while (victim_round(60));
    finish(child);
    live_round(0, 0);
    return victim_verdict();
}
