// joiner: with each step the oldest task leaves the tree and a new one joins it.
#include "chain.h"

enum { CHILDREN = 3 };

static void live(long n)
{
    struct area own;
    area_fill(&own, map_private(512), 512, 1000 + n);
    while (!victim_stop && !victim_bad) {
        area_touch(&own, 4);
        area_check_some(&own, "own");
        nap(60);
    }
    area_check(&own, "own");
}

int main(void)
{
    pid_t child[CHILDREN];
    int born = 0;
    while (born < CHILDREN) {
        child[born] = spawn(live, born);
        born++;
    }
    nap(300);
    victim_ready();
    do {
        if (victim_step()) {
            finish(child[born % CHILDREN]);
            child[born % CHILDREN] = spawn(live, born);
            born++;
            victim_stepped();
        }
    } while (victim_round(60));
    for (int i = 0; i < CHILDREN; i++)
        finish(child[i]);
    return victim_verdict();
}
