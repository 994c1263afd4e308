/* N pages (256) as programs that learn have them: of three pages one is of zeros, all written, and two hold floats, half of which
 * are zero, as after a ReLU, in stretches of 16. */
#include "victim.h"

int main(int argc, char **argv)
{
    die_with_parent();
    size_t pages = argument(argc, argv, 1, 256);
    float *at = private_memory(pages);
    uint64_t state = 88172645463325252ull;
    for (size_t i = 0; i < pages * PAGE / sizeof *at; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        int zero = i / (PAGE / sizeof *at) % 3 == 0 || i / 16 % 2 == 0;
        at[i] = zero ? 0 : (float)(state >> 40) / (1 << 24);
    }
    ready();
    rest();
}
