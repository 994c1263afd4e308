/* A task that other tasks of its own user can't access, like a program that protects secrets. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    MUST(prctl(PR_SET_DUMPABLE, 0));
    ready();
    rest();
}
