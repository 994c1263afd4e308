// flood [MB]: rewrites all of its memory (16 MiB) again and again, without a pause: rounds that copy slower never catch up with it.
#include "chain.h"

int main(int argc, char **argv)
{
    struct area a;
    size_t pages = (argc > 1 ? atol(argv[1]) : 16) * 256;
    area_fill(&a, map_private(pages), pages, 7);
    victim_ready();
    do {
        for (size_t i = 0; i < pages && !victim_stop; i++) {
            a.model[i]++;
            area_write(&a, i);
        }
        area_check_some(&a, "area");
    } while (victim_round(0));
    area_check(&a, "area");
    return victim_verdict();
}
