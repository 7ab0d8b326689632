// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _XOPEN_SOURCE 700 /* realpath() */
#include "report/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LINKS_MAX = 40,   /* as Linux has it */
    NAMES_MAX = 1000, /* temporary names to try */
    LINK_SIZE = 4096
};

struct VmtFile {
    const char *path; /* as the caller wrote it, for messages */
    char *target;     /* the regular file to become; NULL: written to directly */
    char *temporary;  /* the file beside it; NULL: none was made */
    int fd;
    int owned;        /* fd is closed at the end */
    int error;        /* negative errno of the first failure */
    sigset_t mask;    /* the thread's, before */
    sigset_t pending;
    size_t used;
    char buffer[1 << 14];
};

static const int held_signals[] = {SIGPIPE, SIGXFSZ};

static void hold_signals(VmtFile *file)
{
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(held_signals) / sizeof(*held_signals); i++)
        sigaddset(&held, held_signals[i]);
    sigpending(&file->pending);
    pthread_sigmask(SIG_BLOCK, &held, &file->mask);
}

/* What was pending before is not ours to swallow. */
static void release_signals(const VmtFile *file)
{
    sigset_t pending;
    sigpending(&pending);
    for (size_t i = 0; i < sizeof(held_signals) / sizeof(*held_signals); i++) {
        const int number = held_signals[i];
        if (!sigismember(&pending, number) || sigismember(&file->pending, number))
            continue;
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        sigtimedwait(&one, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &file->mask, NULL);
}

static const char *advice(int code)
{
    switch (-code) {
    case ENOENT:
    case ENOTDIR:
        return "make its folder first";
    case EISDIR:
        return "name a file, not a folder";
    case EACCES:
    case EPERM:
    case EROFS:
        return "choose a place where you may write";
    case ENOSPC:
    case EDQUOT:
        return "free some space or choose another disk";
    case EFBIG:
        return "raise the limit on file sizes (ulimit -f) or choose a shorter format";
    case EPIPE:
        return "what reads the pipe ended too early";
    case ENAMETOOLONG:
        return "choose a shorter name";
    default:
        return "choose another place";
    }
}

static int fail(VmtError *error, int code, const char *path)
{
    return vmt_fail(error, code, "cannot write '%s': %s; %s", path, strerror(-code),
                    advice(code));
}

/* The name that a link's text means, seen from the link. */
static char *join(const char *link, const char *text)
{
    const char *slash = strrchr(link, '/');
    if (text[0] == '/' || !slash)
        return strdup(text);
    const size_t folder = (size_t)(slash - link) + 1, length = strlen(text);
    char *name = malloc(folder + length + 1);
    if (name) {
        memcpy(name, link, folder);
        memcpy(name + folder, text, length + 1);
    }
    return name;
}

/* The file at the end of a chain of links, which realpath() does not give if it is still to be
 * made. */
static int resolve(const char *path, char **out)
{
    char *name = strdup(path);
    for (int i = 0; i < LINKS_MAX && name; i++) {
        char *real = realpath(name, NULL);
        const int code = real || errno == ENOENT ? 0 : -errno;
        if (real || code) {
            free(name);
            *out = real;
            return code;
        }
        char text[LINK_SIZE];
        const ssize_t length = readlink(name, text, sizeof(text) - 1);
        if (length < 0) {
            *out = name;
            return 0;
        }
        text[length] = '\0';
        char *next = join(name, text);
        free(name);
        name = next;
    }
    const int code = name ? -ELOOP : -ENOMEM;
    free(name);
    return code;
}

/* mode: the permissions to keep; negative: those of a new file */
static int open_beside(VmtFile *file, int mode)
{
    const int code = resolve(file->path, &file->target);
    if (code < 0)
        return code;
    const char *slash = strrchr(file->target, '/');
    const size_t folder = slash ? (size_t)(slash - file->target) + 1 : 0;
    const size_t size = folder + 64;
    char *name = malloc(size);
    if (!name)
        return -ENOMEM;
    memcpy(name, file->target, folder);
    for (int i = 0; i < NAMES_MAX && file->fd < 0; i++) {
        snprintf(name + folder, size - folder, ".vmaf_tiny-%ld-%d.tmp", (long)getpid(), i);
        file->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file->fd < 0 && errno != EEXIST)
            break;
    }
    if (file->fd < 0) {
        const int failure = -errno;
        free(name);
        return failure;
    }
    file->temporary = name;
    file->owned = 1;
    if (mode >= 0)
        (void)fchmod(file->fd, (mode_t)mode); /* not every file system has permissions */
    return 0;
}

/* The descriptor among standard output and error that is this very file; negative: none. Such a
 * file, "/dev/stdout" for one, is already being written and must not be replaced. */
static int standard_stream(const struct stat *at)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        struct stat stream;
        if (fstat(fd, &stream) == 0 && stream.st_dev == at->st_dev && stream.st_ino == at->st_ino)
            return fd;
    }
    return -1;
}

static int open_standard(VmtFile *file, int fd)
{
    file->fd = fd;
    /* What the program has printed so far comes first. */
    return fd == STDOUT_FILENO && fflush(stdout) != 0 ? -errno : 0;
}

static int open_place(VmtFile *file)
{
    if (strcmp(file->path, "-") == 0)
        return open_standard(file, STDOUT_FILENO);
    struct stat at;
    if (stat(file->path, &at) < 0)
        return errno == ENOENT ? open_beside(file, -1) : -errno;
    if (S_ISDIR(at.st_mode))
        return -EISDIR;
    const int standard = standard_stream(&at);
    if (standard >= 0)
        return open_standard(file, standard);
    if (S_ISREG(at.st_mode))
        return access(file->path, W_OK) < 0 ? -errno : open_beside(file, at.st_mode & 0777);
    file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    file->owned = 1;
    return file->fd < 0 ? -errno : 0;
}

static void dispose(VmtFile **file)
{
    release_signals(*file);
    free((*file)->target);
    free((*file)->temporary);
    free(*file);
    *file = NULL;
}

int vmt_file_open(VmtFile **out, const char *path, VmtError *error)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return vmt_fail(error, -ENOMEM, "no memory to write '%s'; free some", path);
    (*out)->path = path;
    (*out)->fd = -1;
    hold_signals(*out);
    const int code = open_place(*out);
    if (code < 0) {
        dispose(out);
        return fail(error, code, path);
    }
    return 0;
}

static void flush(VmtFile *file)
{
    for (size_t done = 0; done < file->used && !file->error;) {
        const ssize_t n = write(file->fd, file->buffer + done, file->used - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0)
            file->error = -EIO;
        else if (errno == EAGAIN) /* someone has made the pipe non-blocking */
            (void)poll(&(struct pollfd){.fd = file->fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            file->error = -errno;
    }
    file->used = 0;
}

void vmt_file_print(VmtFile *file, const char *format, ...)
{
    if (sizeof(file->buffer) - file->used <= VMT_FILE_PRINT_MAX)
        flush(file);
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(file->buffer + file->used, VMT_FILE_PRINT_MAX + 1, format, args);
    va_end(args);
    if (n >= 0 && n <= VMT_FILE_PRINT_MAX)
        file->used += (size_t)n;
    else if (!file->error)
        file->error = -EOVERFLOW;
}

void vmt_file_put(VmtFile *file, char byte)
{
    if (file->used == sizeof(file->buffer))
        flush(file);
    file->buffer[file->used++] = byte;
}

int vmt_file_close(VmtFile **handle, VmtError *error)
{
    VmtFile *file = *handle;
    flush(file);
    if (file->owned && close(file->fd) < 0 && !file->error)
        file->error = -errno;
    if (file->temporary) {
        if (!file->error && rename(file->temporary, file->target) < 0)
            file->error = -errno;
        if (file->error)
            unlink(file->temporary);
    }
    const int code = file->error;
    const char *path = file->path;
    dispose(handle);
    return code < 0 ? fail(error, code, path) : 0;
}
