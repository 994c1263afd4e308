/* Maps, fills and unmaps memory for ever: memory that a reader saw in maps or pagemap is gone when it is read.
 * Some pages in between stay. */
#include "victim.h"

#define SLOTS 64
#define SLOT_PAGES 16

int main(void)
{
    die_with_parent();
    fill(private_memory(256), 256, 1);
    char *area = map(SLOTS * SLOT_PAGES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    for (unsigned long round = 0;; round++) {
        for (unsigned long slot = 0; slot < SLOTS; slot++) {
            char *at = area + slot * SLOT_PAGES * PAGE;
            switch ((round + slot) % 4) {
            case 0:
                MUST(mmap(at, SLOT_PAGES * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
                fill(at, SLOT_PAGES, round);
                break;
            case 1:
                MUST(mprotect(at, SLOT_PAGES / 2 * PAGE, PROT_NONE));
                break;
            case 2:
                MUST(munmap(at, SLOT_PAGES * PAGE));
                break;
            }
        }
        if (round == 4)
            ready();
    }
}
