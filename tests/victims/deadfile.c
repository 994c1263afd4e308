/* A private mapping of a file whose server, a process outside the tree, does not answer any more: a FUSE daemon without
 * a library. Written pages of the mapping are ordinary memory; pages dropped from it (on SIGUSR1) would have to come
 * from the server, so a reader waits for ever. */
#include "victim.h"
#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define PAGES 64UL
static int device;
static volatile sig_atomic_t drop, answering = 1;

static void answer(const struct fuse_in_header *to, int error, const void *data, size_t length)
{
    struct fuse_out_header head = {.len = (uint32_t)(sizeof head + length), .error = error, .unique = to->unique};
    char reply[sizeof head + length];
    memcpy(reply, &head, sizeof head);
    if (length > 0)
        memcpy(reply + sizeof head, data, length);
    MUST(write(device, reply, sizeof reply));
}

static struct fuse_attr attributes(uint64_t node)
{
    struct fuse_attr attr = {.ino = node, .nlink = 1, .mode = S_IFDIR | 0755};
    if (node != FUSE_ROOT_ID)
        attr = (struct fuse_attr){.ino = node, .nlink = 1, .mode = S_IFREG | 0600, .size = PAGES * PAGE};
    return attr;
}

static void serve(void)
{
    static char request[FUSE_MIN_READ_BUFFER + 64 * PAGE], page[128 * 1024];
    for (;;) {
        ssize_t got = read(device, request, sizeof request);
        if (got < 0)
            exit(1);
        const struct fuse_in_header *in = (void *)request;
        const struct fuse_read_in *asked = (void *)(in + 1);
        struct fuse_init_out init = {
            .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = PAGE, .max_readahead = 128 * 1024,
            .flags = FUSE_ASYNC_READ, .max_background = 12, .congestion_threshold = 9, /* as libfuse does */
        };
        struct fuse_entry_out entry = {.nodeid = 2, .entry_valid = 3600, .attr_valid = 3600, .attr = attributes(2)};
        struct fuse_attr_out attr = {.attr_valid = 3600, .attr = attributes(in->nodeid)};
        struct fuse_open_out open_out = {.fh = 1};
        switch (in->opcode) {
        case FUSE_INIT:
            answer(in, 0, &init, sizeof init);
            break;
        case FUSE_LOOKUP:
            answer(in, 0, &entry, sizeof entry);
            break;
        case FUSE_GETATTR:
            answer(in, 0, &attr, sizeof attr);
            break;
        case FUSE_OPEN:
            answer(in, 0, &open_out, sizeof open_out);
            break;
        case FUSE_READ:
            if (answering)
                answer(in, 0, page, asked->size < sizeof page ? asked->size : sizeof page);
            break;
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_INTERRUPT:
            break;
        default:
            answer(in, in->opcode == FUSE_FLUSH || in->opcode == FUSE_RELEASE ? 0 : -ENOSYS, NULL, 0);
        }
    }
}

static void on_drop(int signal)
{
    (void)signal;
    drop = 1;
}

static void fall_silent(int signal)
{
    (void)signal;
    answering = 0;
}

static void live(const char *place)
{
    char file[64];
    snprintf(file, sizeof file, "%s/file", place);
    int fd = open(file, O_RDONLY);
    MUST(fd);
    char *memory = map(PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
    fill(memory, PAGES, 1);
    fill(private_memory(64), 64, 2);
    /* Drops the file's own pages from the cache: no process maps them, ours are copies. */
    MUST(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
    signal(SIGUSR1, on_drop);
    kill(getppid(), SIGUSR2);
    usleep(100000);
    ready();
    for (;;) {
        usleep(1000);
        if (drop)
            MUST(madvise(memory, PAGES * PAGE, MADV_DONTNEED));
        else if (damaged(memory, PAGES, 1))
            exit(1);
    }
}

int main(void)
{
    die_with_parent();
    char place[] = "/tmp/predump-victim-XXXXXX", options[64];
    /* The mount is in a namespace of its own: it goes with us. */
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        skip("no mount namespace");
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device == -1)
        skip("no /dev/fuse");
    MUST(mkdtemp(place) == NULL ? -1 : 0);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (mount("predump-test", place, "fuse", 0, options))
        skip("no FUSE mount");
    signal(SIGUSR2, fall_silent);
    pid_t pid = fork();
    MUST(pid);
    if (pid == 0) {
        close(device);
        die_with_parent();
        live(place);
    }
    serve();
}
