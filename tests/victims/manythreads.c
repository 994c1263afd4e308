/* N threads (200), of which M (0) spin; each writes its own pages. */
#include "victim.h"

static unsigned long spinning;
static pthread_barrier_t all_here;

static void *run(void *number)
{
    unsigned long mine = (unsigned long)(uintptr_t)number;
    fill(private_memory(2), 2, mine);
    pthread_barrier_wait(&all_here);
    if (mine < spinning) {
        volatile unsigned long counter = 0;
        for (;;)
            counter++;
    }
    rest();
}

int main(int argc, char **argv)
{
    die_with_parent();
    unsigned long count = argument(argc, argv, 1, 200);
    spinning = argument(argc, argv, 2, 0);
    pthread_barrier_init(&all_here, NULL, (unsigned)count + 1);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    for (unsigned long i = 0; i < count; i++) {
        pthread_t thread;
        if ((errno = pthread_create(&thread, &small, run, (void *)(uintptr_t)i)) != 0)
            skip("so many threads can't be made");
    }
    pthread_barrier_wait(&all_here);
    ready();
    rest();
}
