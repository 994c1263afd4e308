// family: a tree of seven. Children and a grandchild inherit an area copy-on-write and let it drift apart page by
// page, each has memory of its own besides, one has nothing but a zombie's remains.
#include "chain.h"

static struct area inherited, own;

static void live(long n)
{
    pid_t grandchild = 0;
    area_fill(&own, map_private(512), 512, 100 + n);
    if (n == 0)
        grandchild = spawn(live, 9);
    inherited.seed += n;
    while (!victim_stop && !victim_bad) {
        area_touch(&inherited, 4);
        area_touch(&own, 4);
        area_check_some(&inherited, "inherited");
        area_check_some(&own, "own");
        nap(60);
    }
    if (grandchild)
        finish(grandchild);
    area_check(&inherited, "inherited");
    area_check(&own, "own");
}

static void leave_at_once(long n) { (void)n; }

int main(void)
{
    pid_t child[4];
    area_fill(&inherited, map_private(1024), 1024, 7);
    for (int i = 0; i < 4; i++)
        child[i] = spawn(live, i);
    spawn(leave_at_once, 0); // no task waits for it
    nap(300);
    victim_ready();
    do {
        area_touch(&inherited, 4);
        area_check_some(&inherited, "inherited");
        if (victim_step())
            victim_stepped();
    } while (victim_round(60));
    for (int i = 0; i < 4; i++)
        finish(child[i]);
    area_check(&inherited, "inherited");
    return victim_verdict();
}
