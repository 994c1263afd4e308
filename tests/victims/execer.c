/* Executes itself again and again, from its first thread or another one: the pid stays, the memory is always new. */
#include "victim.h"

static char **arguments;

static void *again(void *unused)
{
    (void)unused;
    usleep(500);
    MUST(execv("/proc/self/exe", arguments));
    return NULL;
}

int main(int argc, char **argv)
{
    die_with_parent();
    char *next[] = {argv[0], argc > 1 && *argv[1] == 'a' ? "b" : "a", NULL};
    arguments = next;
    fill(private_memory(64), 64, 1);
    if (argc == 1)
        ready();
    if (*next[1] == 'a')
        again(NULL);
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, again, NULL) == 0 ? 0 : -1);
    rest();
}
