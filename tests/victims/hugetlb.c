/* MAP_HUGETLB memory: the final dump takes all of it, so a pre-dump skips it. */
#include "victim.h"
#define HUGE (2UL << 20)

int main(void)
{
    die_with_parent();
    void *memory = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (memory == MAP_FAILED)
        skip("no huge page can be had");
    fill(memory, HUGE / PAGE, 1);
    fill(private_memory(16), 16, 2);
    ready();
    rest();
}
