/* filtered CALL ERRNO PROGRAM [ARGUMENT...]: becomes a program to which a seccomp filter refuses one system call with this error
 * number, as a container's profile does. */
#include "victim.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define CALL(name) {#name, SYS_##name}
static const struct {
    const char *name;
    int number;
} calls[] = {
    CALL(pidfd_open), CALL(process_madvise), CALL(process_vm_readv), CALL(sched_setscheduler), CALL(setpriority), CALL(prctl),
    CALL(fallocate), CALL(copy_file_range), CALL(pwrite64), CALL(ftruncate), CALL(renameat), CALL(symlinkat), CALL(unlinkat),
    CALL(kcmp), CALL(ioctl), CALL(faccessat2), CALL(wait4), CALL(ptrace), CALL(readlinkat), CALL(fchmod), CALL(socketpair), CALL(flock),
    CALL(pipe2),
#ifdef SYS_readlink
    CALL(readlink),
#endif
};

int main(int argc, char **argv)
{
    (void)argc;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(argv[1], calls[i].name) != 0)
            continue;
        struct sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)atoi(argv[2])),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
        MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
        execv(argv[3], argv + 3);
        return 126;
    }
    fprintf(stderr, "%s: not in the list of calls\n", argv[1]);
    return 125;
}
