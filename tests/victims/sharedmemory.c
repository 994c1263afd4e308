/* System V and anonymous shared memory beside private memory: a pre-dump leaves shared memory to the final dump. */
#include "victim.h"
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
    die_with_parent();
    int id = shmget(IPC_PRIVATE, 32 * PAGE, IPC_CREAT | 0600);
    MUST(id);
    void *segment = shmat(id, NULL, 0);
    MUST(segment);
    MUST(shmctl(id, IPC_RMID, NULL));
    fill(segment, 32, 1);
    fill(map(32, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1), 32, 2);
    fill(private_memory(32), 32, 3);
    ready();
    rest();
}
