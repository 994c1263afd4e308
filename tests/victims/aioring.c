/* An AIO ring is mapped into the task but written by the kernel: never part of a pre-dump. */
#include "victim.h"
#include <linux/aio_abi.h>

int main(void)
{
    die_with_parent();
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, 64, &context) == -1)
        skip("this kernel has no AIO");
    fill(private_memory(16), 16, 1);
    ready();
    rest();
}
