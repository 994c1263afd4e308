/* Nothing special: N pages (256) of private memory, all written. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    size_t pages = argument(argc, argv, 1, 256);
    fill(private_memory(pages), pages, 1);
    ready();
    rest();
}
