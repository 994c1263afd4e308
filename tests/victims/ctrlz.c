/* Stops itself, as a shell's Ctrl-Z would. When continued, it prints a line. */
#include "victim.h"

int main(void)
{
    die_with_parent();
    fill(private_memory(64), 64, 1);
    ready();
    MUST(raise(SIGSTOP));
    MUST(write(STDOUT_FILENO, "CONTINUED\n", 10));
    rest();
}
