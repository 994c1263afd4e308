/* Memory with content that process_vm_readv refuses to read: PROT_NONE, write only, and single pages of either
 * in the middle of readable memory, so that one batch holds both kinds. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    char *none = private_memory(32), *write_only = private_memory(32), *mixed = private_memory(32);
    fill(none, 32, 1);
    fill(write_only, 32, 2);
    fill(mixed, 32, 3);
    MUST(mprotect(none, 32 * PAGE, PROT_NONE));
    MUST(mprotect(write_only, 32 * PAGE, PROT_WRITE));
    MUST(mprotect(mixed + 5 * PAGE, PAGE, PROT_NONE));
    MUST(mprotect(mixed + 17 * PAGE, 2 * PAGE, PROT_NONE));
    (void)private_memory(16); /* never touched */
    map(16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    ready();
    rest();
}
