/* Loaded into a process by LD_PRELOAD, it writes down what the process asks of the files below a folder: what it
   writes where, what it syncs, how it names things. Nothing is changed by it. power_cuts.py reads what it wrote.

   RECORDER_ROOT names the folder, RECORDER_LOG the file to write to. What is written to a file named ".mark" stands in
   the log as a mark. One thread writes at a time. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST 4096

enum { CREATE = 'C', WRITE = 'W', TRUNCATE = 'T', SYNC = 'S', SYNC_FOLDER = 'D', RENAME = 'R', UNLINK = 'U', MARK = 'M' };

static const char *root;
static int out = -1;
static char kinds[MOST]; /* of open descriptors: 'f' file, 'd' folder, 'm' marks, 0 none of ours */
static char folders[MOST][PATH_MAX];
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
    root = getenv("RECORDER_ROOT");
    const char *log = getenv("RECORDER_LOG");
    if (root && log)
        out = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const void *data, size_t length) {
    const char *next = data;
    while (length) {
        ssize_t done = syscall(SYS_write, out, next, length);
        if (done <= 0)
            abort();
        next += done;
        length -= (size_t)done;
    }
}

static void note(char kind, uint64_t file, uint64_t offset, const void *data, size_t length) {
    unsigned char head[25];
    uint64_t size = length;
    head[0] = (unsigned char)kind;
    memcpy(head + 1, &file, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, &size, 8);
    pthread_mutex_lock(&one_at_a_time);
    put(head, sizeof head);
    put(data, length);
    pthread_mutex_unlock(&one_at_a_time);
}

/* Spell a path in full, its last part as it is; 0 where it does not lie below the root. */
static int spell(int at, const char *path, char *full) {
    char parent[PATH_MAX], real[PATH_MAX];
    if (out < 0 || !path)
        return 0;
    if (path[0] == '/' || at == AT_FDCWD)
        snprintf(parent, sizeof parent, "%s", path);
    else if (at >= 0 && at < MOST && kinds[at] == 'd')
        snprintf(parent, sizeof parent, "%s/%s", folders[at], path);
    else
        return 0;
    char *slash = strrchr(parent, '/');
    const char *name = slash ? slash + 1 : parent;
    char last[NAME_MAX + 1];
    snprintf(last, sizeof last, "%s", name);
    if (slash)
        slash[slash == parent ? 1 : 0] = 0;
    if (!realpath(slash ? parent : ".", real))
        return 0;
    snprintf(full, PATH_MAX, "%s/%s", real, last);
    return strncmp(full, root, strlen(root)) == 0;
}

static uint64_t number_of(int file) {
    struct stat found;
    return fstat(file, &found) == 0 ? (uint64_t)found.st_ino : 0;
}

static int ours(int file) { return file >= 0 && file < MOST && kinds[file] != 0; }

static int opened(int file, int at, const char *path, int flags, int existed) {
    char full[PATH_MAX];
    struct stat found;
    if (file < 0 || file >= MOST || !spell(at, path, full) || fstat(file, &found))
        return file;
    int error = errno;
    if (S_ISDIR(found.st_mode)) {
        kinds[file] = 'd';
        snprintf(folders[file], PATH_MAX, "%s", full);
    } else if (strlen(full) > 6 && strcmp(full + strlen(full) - 6, "/.mark") == 0) {
        kinds[file] = 'm';
    } else {
        kinds[file] = 'f';
        if (!existed)
            note(CREATE, (uint64_t)found.st_ino, 0, full, strlen(full));
        else if (flags & O_TRUNC)
            note(TRUNCATE, (uint64_t)found.st_ino, 0, "", 0);
    }
    errno = error;
    return file;
}

static int exists(int at, const char *path) {
    struct stat found;
    int error = errno, is = fstatat(at, path, &found, 0) == 0;
    errno = error;
    return is;
}

#define MODE                                                                                                           \
    mode_t mode = 0;                                                                                                   \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                                               \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }

static int open_at(int at, const char *path, int flags, mode_t mode) {
    int existed = exists(at, path);
    return opened((int)syscall(SYS_openat, at, path, flags, mode), at, path, flags, existed);
}

int open(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return open_at(at, path, flags, mode); }
int __open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }

int close(int file) {
    if (ours(file))
        kinds[file] = 0;
    return (int)syscall(SYS_close, file);
}

static void wrote(int file, const void *data, ssize_t length, off_t offset) {
    if (!ours(file) || length <= 0)
        return;
    int error = errno;
    if (kinds[file] == 'm')
        note(MARK, 0, 0, data, (size_t)length);
    else
        note(WRITE, number_of(file), (uint64_t)offset, data, (size_t)length);
    errno = error;
}

ssize_t write(int file, const void *data, size_t length) {
    ssize_t done = syscall(SYS_write, file, data, length);
    if (ours(file) && done > 0)
        wrote(file, data, done, kinds[file] == 'm' ? 0 : lseek(file, 0, SEEK_CUR) - done);
    return done;
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
    ssize_t done = syscall(SYS_pwrite64, file, data, length, offset);
    wrote(file, data, done, offset);
    return done;
}

ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return pwrite64(file, data, length, offset); }

/* Nothing that is recorded should use these; if something does, the recording is void. */
ssize_t writev(int file, const struct iovec *parts, int number) {
    if (ours(file))
        abort();
    return syscall(SYS_writev, file, parts, number);
}

int posix_fallocate64(int file, off64_t offset, off64_t length) {
    if (ours(file))
        abort();
    return syscall(SYS_fallocate, file, 0, offset, length) ? errno : 0;
}

static int truncated(int done, int file, off_t size) {
    if (done == 0 && ours(file))
        note(TRUNCATE, number_of(file), (uint64_t)size, "", 0);
    return done;
}

int ftruncate64(int file, off64_t size) { return truncated((int)syscall(SYS_ftruncate, file, size), file, size); }
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

int truncate64(const char *path, off64_t size) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    int done = ftruncate64(file, size);
    close(file);
    return done;
}

int truncate(const char *path, off_t size) { return truncate64(path, size); }

static int synced(int done, int file) {
    if (done == 0 && ours(file)) {
        if (kinds[file] == 'd')
            note(SYNC_FOLDER, 0, 0, folders[file], strlen(folders[file]));
        else
            note(SYNC, number_of(file), 0, "", 0);
    }
    return done;
}

int fsync(int file) { return synced((int)syscall(SYS_fsync, file), file); }
int fdatasync(int file) { return synced((int)syscall(SYS_fdatasync, file), file); }

static int renamed(int from_at, const char *from, int to_at, const char *to) {
    char both[2 * PATH_MAX], *second = both;
    int is_ours = spell(from_at, from, both);
    if (is_ours) {
        second = both + strlen(both) + 1;
        is_ours = spell(to_at, to, second);
    }
    int done = (int)syscall(SYS_renameat2, from_at, from, to_at, to, 0);
    if (done == 0 && is_ours)
        note(RENAME, 0, 0, both, (size_t)(second - both) + strlen(second));
    return done;
}

int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return renamed(from_at, from, to_at, to); }

static int unlinked(int at, const char *path, int flags) {
    char full[PATH_MAX];
    int is_ours = !(flags & AT_REMOVEDIR) && spell(at, path, full);
    int done = (int)syscall(SYS_unlinkat, at, path, flags);
    if (done == 0 && is_ours)
        note(UNLINK, 0, 0, full, strlen(full));
    return done;
}

int unlink(const char *path) { return unlinked(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return unlinked(at, path, flags); }
