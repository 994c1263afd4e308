/* Memory under a userfaultfd whose handler never answers: a reader of a missing page waits for ever, and is
 * reported ("BAD"). Some pages come by UFFDIO_COPY and go by MADV_DONTNEED all the time, others are never present.
 *     userfaultfd         the descriptor is the victim's own
 *     userfaultfd away    another process outside the tree holds it; on SIGUSR1 all pages go, and none comes again */
#include "victim.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define PAGES 256UL
static char *region;
static int faults;
static volatile sig_atomic_t drop;

static void bring(unsigned long page)
{
    static uint64_t source[PAGE / 8] __attribute__((aligned(PAGE)));
    fill(source, 1, page);
    struct uffdio_copy copy = {
        .dst = (uintptr_t)(region + page * PAGE), .src = (uintptr_t)source, .len = PAGE,
    };
    if (ioctl(faults, UFFDIO_COPY, &copy) == -1 && errno != EEXIST)
        MUST(-1);
}

static void register_region(void)
{
    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (faults == -1)
        skip("no userfaultfd");
    struct uffdio_api api = {.api = UFFD_API};
    MUST(ioctl(faults, UFFDIO_API, &api));
    char *at = map(2 * PAGES + 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    region = at + PAGE;
    MUST(mprotect(region, 2 * PAGES * PAGE, PROT_READ | PROT_WRITE));
    struct uffdio_register all = {
        .range = {.start = (uintptr_t)region, .len = 2 * PAGES * PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING,
    };
    MUST(ioctl(faults, UFFDIO_REGISTER, &all));
    for (unsigned long page = 0; page < PAGES; page++)
        bring(page);
}

static void on_drop(int signal)
{
    (void)signal;
    drop = 1;
}

static void refuse_questions(void)
{
    struct uffd_msg message;
    if (read(faults, &message, sizeof message) > 0) {
        printf("BAD a page was asked for: %llx\n", (unsigned long long)message.arg.pagefault.address);
        exit(1);
    }
}

static void send_away(int to)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &faults, sizeof faults);
    MUST(sendmsg(to, &message, 0));
    close(faults);
}

/* The descriptor stays in the socket, unread: it is open as long as we live. */
static void live_without(void)
{
    int pair[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t pid = fork();
    MUST(pid);
    if (pid > 0) {
        close(pair[1]);
        int status;
        waitpid(pid, &status, 0);
        exit(1);
    }
    die_with_parent();
    close(pair[0]);
    fill(private_memory(64), 64, 1);
    register_region();
    send_away(pair[1]);
    close(pair[1]);
    signal(SIGUSR1, on_drop);
    ready();
    for (;;) {
        usleep(1000);
        if (drop)
            MUST(madvise(region, PAGES * PAGE, MADV_DONTNEED));
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    die_with_parent();
    if (argc > 1)
        live_without();
    fill(private_memory(64), 64, 1);
    register_region();
    ready();
    for (unsigned long page = 0;; page = (page + 7) % PAGES) {
        MUST(madvise(region + page * PAGE, PAGE, MADV_DONTNEED));
        refuse_questions();
        bring(page);
        if (page == 0)
            usleep(100);
    }
}
