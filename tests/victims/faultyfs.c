/* A file system in memory whose N-th write fails with EIO: faultyfs N FOLDER. With "cached" as a third argument the kernel caches
 * writes until the file is closed, as a network file system does; with "hangs" that write is never answered. A FUSE daemon without a library; it ends when FOLDER is
 * unmounted, and prints whether the write happened. One folder without subfolders. */
#include "victim.h"
#include <linux/fuse.h>
#include <sys/mount.h>

#define FILES 16
#define ROOT FUSE_ROOT_ID
#define MOST (128 * 1024)

static struct file {
    char name[64];
    char *data;
    uint64_t size;
} files[FILES]; /* node N + 2; without a name: free */
static int device, hangs;

static void answer(const struct fuse_in_header *to, int error, const void *data, size_t length)
{
    static char reply[sizeof(struct fuse_out_header) + MOST];
    struct fuse_out_header head = {.len = (uint32_t)(sizeof head + length), .error = -error, .unique = to->unique};
    memcpy(reply, &head, sizeof head);
    if (length > 0)
        memcpy(reply + sizeof head, data, length);
    if (write(device, reply, head.len) < 0 && errno != ENOENT) /* ENOENT: the request was interrupted */
        exit(1);
}

static struct file *named(const char *name)
{
    for (struct file *file = files; file < files + FILES; file++)
        if (strcmp(file->name, name) == 0)
            return file;
    return NULL;
}

static struct fuse_attr attributes(uint64_t node)
{
    if (node == ROOT)
        return (struct fuse_attr){.ino = node, .nlink = 2, .mode = S_IFDIR | 0700, .blksize = PAGE};
    return (struct fuse_attr){.ino = node, .nlink = 1, .mode = S_IFREG | 0600, .size = files[node - 2].size, .blksize = PAGE};
}

static struct fuse_entry_out entry_of(const struct file *file)
{
    uint64_t node = (uint64_t)(file - files) + 2;
    return (struct fuse_entry_out){.nodeid = node, .attr = attributes(node)};
}

static void create(const struct fuse_in_header *in, const char *name)
{
    struct file *file = named("");
    if (!file || strlen(name) >= sizeof file->name)
        return answer(in, ENOSPC, NULL, 0);
    strcpy(file->name, name);
    file->size = 0;
    struct {
        struct fuse_entry_out entry;
        struct fuse_open_out open;
    } made = {.entry = entry_of(file)};
    answer(in, 0, &made, sizeof made);
}

static void resize(struct file *file, uint64_t size)
{
    file->data = realloc(file->data, size + 1);
    if (size > file->size)
        memset(file->data + file->size, 0, size - file->size);
    file->size = size;
}

static void store(const struct fuse_in_header *in, const struct fuse_write_in *what, int fails)
{
    struct file *file = &files[in->nodeid - 2];
    if (fails && hangs) {
        puts("HANGS");
        fflush(stdout);
        return;
    }
    if (fails)
        return answer(in, EIO, NULL, 0);
    uint64_t end = what->offset + what->size;
    if (end > file->size)
        resize(file, end);
    memcpy(file->data + what->offset, what + 1, what->size);
    answer(in, 0, &(struct fuse_write_out){.size = what->size}, sizeof(struct fuse_write_out));
}

static void load(const struct fuse_in_header *in, const struct fuse_read_in *what)
{
    struct file *file = &files[in->nodeid - 2];
    uint64_t left = what->offset < file->size ? file->size - what->offset : 0;
    answer(in, 0, file->data + what->offset, left < what->size ? left : what->size);
}

static void list(const struct fuse_in_header *in, const struct fuse_read_in *from)
{
    char entries[FILES * 128];
    size_t length = 0;
    for (uint64_t i = from->offset; i < FILES && length + 128 <= from->size; i++) {
        if (!*files[i].name)
            continue;
        struct fuse_dirent *entry = (void *)(entries + length);
        uint32_t chars = (uint32_t)strlen(files[i].name);
        *entry = (struct fuse_dirent){.ino = i + 2, .off = i + 1, .namelen = chars, .type = S_IFREG >> 12};
        memcpy(entry->name, files[i].name, entry->namelen);
        length += FUSE_DIRENT_SIZE(entry);
    }
    answer(in, 0, entries, length);
}

static void rename_file(const struct fuse_in_header *in, const char *from, const char *to)
{
    struct file *file = named(from), *replaced = named(to);
    if (replaced)
        *replaced->name = 0;
    if (file)
        strcpy(file->name, to);
    answer(in, file ? 0 : ENOENT, NULL, 0);
}

int main(int argc, char **argv)
{
    die_with_parent();
    long left = (long)argument(argc, argv, 1, 1);
    hangs = argc > 3 && strcmp(argv[3], "hangs") == 0;
    char options[64];
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device == -1)
        skip("no /dev/fuse");
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (mount("predump-test", argv[2], "fuse", 0, options))
        skip("no FUSE mount");
    ready();
    for (;;) {
        static char request[FUSE_MIN_READ_BUFFER + MOST];
        if (read(device, request, sizeof request) < 0) {
            if (errno != ENODEV)
                continue;
            puts(left <= 0 ? "FAILED" : "UNHARMED"); /* unmounted */
            return 0;
        }
        const struct fuse_in_header *in = (void *)request;
        const void *body = in + 1;
        struct file *file;
        switch (in->opcode) {
        case FUSE_INIT:
            answer(in, 0, &(struct fuse_init_out){.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
                .max_write = PAGE, .max_readahead = MOST, .max_background = 12, .congestion_threshold = 9,
                .flags = argc > 3 && strcmp(argv[3], "cached") == 0 ? FUSE_WRITEBACK_CACHE : 0},
                sizeof(struct fuse_init_out));
            break;
        case FUSE_LOOKUP:
            file = named(body);
            struct fuse_entry_out entry = file ? entry_of(file) : (struct fuse_entry_out){};
            answer(in, file ? 0 : ENOENT, &entry, file ? sizeof entry : 0);
            break;
        case FUSE_SETATTR:
            if (((const struct fuse_setattr_in *)body)->valid & FATTR_SIZE)
                resize(&files[in->nodeid - 2], ((const struct fuse_setattr_in *)body)->size);
            /* fall through */
        case FUSE_GETATTR:
            answer(in, 0, &(struct fuse_attr_out){.attr = attributes(in->nodeid)}, sizeof(struct fuse_attr_out));
            break;
        case FUSE_CREATE:
            create(in, (const char *)body + sizeof(struct fuse_create_in));
            break;
        case FUSE_OPEN:
        case FUSE_OPENDIR:
            answer(in, 0, &(struct fuse_open_out){}, sizeof(struct fuse_open_out));
            break;
        case FUSE_WRITE:
            store(in, body, --left == 0);
            break;
        case FUSE_READ:
            load(in, body);
            break;
        case FUSE_READDIR:
            list(in, body);
            break;
        case FUSE_RENAME:
            rename_file(in, (const char *)body + sizeof(struct fuse_rename_in),
                strchr((const char *)body + sizeof(struct fuse_rename_in), 0) + 1);
            break;
        case FUSE_UNLINK:
            file = named(body);
            if (file)
                *file->name = 0;
            answer(in, file ? 0 : ENOENT, NULL, 0);
            break;
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET:
        case FUSE_INTERRUPT:
            break;
        case FUSE_FLUSH:
        case FUSE_RELEASE:
        case FUSE_RELEASEDIR:
            answer(in, 0, NULL, 0);
            break;
        default:
            answer(in, ENOSYS, NULL, 0);
        }
    }
}
