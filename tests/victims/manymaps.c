/* N mappings (60,000), one page each, neighbours with different protection so that the kernel can't join them. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    size_t count = argument(argc, argv, 1, 60000);
    char *memory = private_memory(count);
    fill(memory, count, 1);
    for (size_t page = 0; page < count; page += 2)
        if (mprotect(memory + page * PAGE, PAGE, PROT_READ) == -1)
            skip("vm.max_map_count is too low");
    ready();
    rest();
}
