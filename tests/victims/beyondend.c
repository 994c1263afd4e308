/* Mappings that extend past the end of their file: pages there raise SIGBUS. One file was short from the start, the
 * other was cut after its pages had been written. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    int short_file = file_of(2 * PAGE + 100);
    char *memory = map(8, PROT_READ | PROT_WRITE, MAP_PRIVATE, short_file);
    fill(memory, 1, 1);
    fill(memory + 2 * PAGE, 1, 2);

    int cut_file = file_of(16 * PAGE);
    char *cut = map(16, PROT_READ | PROT_WRITE, MAP_PRIVATE, cut_file);
    fill(cut, 16, 3);
    MUST(ftruncate(cut_file, 4 * PAGE));

    fill(map(8, PROT_READ | PROT_WRITE, MAP_SHARED, short_file), 1, 4);
    ready();
    rest();
}
