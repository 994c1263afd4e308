/* Many GiB (64) of reserved addresses with one page in every GiB, as garbage collectors and sanitizers have it. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    size_t gib = argument(argc, argv, 1, 64), step = (1UL << 30) / PAGE;
    char *memory = mmap(NULL, gib * step * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        skip("so many addresses can't be had");
    for (size_t i = 0; i < gib; i++)
        fill(memory + (i * step + i) * PAGE, 1, i);
    ready();
    rest();
}
