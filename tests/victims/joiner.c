// joiner: with each step the oldest task leaves the tree and a new one joins it.
#include "chain.h"

enum { CHILDREN = 3 };

int main(void)
{
    pid_t child[CHILDREN];
    int born = 0;
    while (born < CHILDREN) {
        child[born] = spawn(area_life, born);
        born++;
    }
    nap(300);
    victim_ready();
    do {
        if (victim_step()) {
            finish(child[born % CHILDREN]);
            child[born % CHILDREN] = spawn(area_life, born);
            born++;
            victim_stepped();
        }
    } while (victim_round(60));
    for (int i = 0; i < CHILDREN; i++)
        finish(child[i]);
    return victim_verdict();
}
