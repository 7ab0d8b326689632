// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _XOPEN_SOURCE 700 /* realpath() */
#include "report/output.h"

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

struct VmtOutput {
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

static void hold_signals(VmtOutput *out)
{
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(held_signals) / sizeof(*held_signals); i++)
        sigaddset(&held, held_signals[i]);
    sigpending(&out->pending);
    pthread_sigmask(SIG_BLOCK, &held, &out->mask);
}

/* What was pending before is not ours to swallow. */
static void release_signals(const VmtOutput *out)
{
    sigset_t pending;
    sigpending(&pending);
    for (size_t i = 0; i < sizeof(held_signals) / sizeof(*held_signals); i++) {
        const int number = held_signals[i];
        if (!sigismember(&pending, number) || sigismember(&out->pending, number))
            continue;
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        sigtimedwait(&one, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &out->mask, NULL);
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
static int open_beside(VmtOutput *out, int mode)
{
    const int code = resolve(out->path, &out->target);
    if (code < 0)
        return code;
    const char *slash = strrchr(out->target, '/');
    const size_t folder = slash ? (size_t)(slash - out->target) + 1 : 0;
    const size_t size = folder + 64;
    char *name = malloc(size);
    if (!name)
        return -ENOMEM;
    memcpy(name, out->target, folder);
    for (int i = 0; i < NAMES_MAX && out->fd < 0; i++) {
        snprintf(name + folder, size - folder, ".vmaf_tiny-%ld-%d.tmp", (long)getpid(), i);
        out->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd < 0 && errno != EEXIST)
            break;
    }
    if (out->fd < 0) {
        const int failure = -errno;
        free(name);
        return failure;
    }
    out->temporary = name;
    out->owned = 1;
    if (mode >= 0)
        (void)fchmod(out->fd, (mode_t)mode); /* not every file system has permissions */
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

static int open_standard(VmtOutput *out, int fd)
{
    out->fd = fd;
    /* What the program has printed so far comes first. */
    return fd == STDOUT_FILENO && fflush(stdout) != 0 ? -errno : 0;
}

static int open_place(VmtOutput *out)
{
    if (strcmp(out->path, "-") == 0)
        return open_standard(out, STDOUT_FILENO);
    struct stat at;
    if (stat(out->path, &at) < 0)
        return errno == ENOENT ? open_beside(out, -1) : -errno;
    const int standard = standard_stream(&at);
    if (standard >= 0)
        return open_standard(out, standard);
    if (S_ISREG(at.st_mode))
        return access(out->path, W_OK) < 0 ? -errno : open_beside(out, at.st_mode & 0777);
    out->fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    out->owned = 1;
    return out->fd < 0 ? -errno : 0;
}

static void dispose(VmtOutput **out)
{
    release_signals(*out);
    free((*out)->target);
    free((*out)->temporary);
    free(*out);
    *out = NULL;
}

int vmt_output_open(VmtOutput **out, const char *path, VmtError *error)
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

static void flush(VmtOutput *out)
{
    for (size_t done = 0; done < out->used && !out->error;) {
        const ssize_t n = write(out->fd, out->buffer + done, out->used - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0)
            out->error = -EIO;
        else if (errno == EAGAIN) /* someone has made the pipe non-blocking */
            (void)poll(&(struct pollfd){.fd = out->fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            out->error = -errno;
    }
    out->used = 0;
}

void vmt_print(VmtOutput *out, const char *format, ...)
{
    if (sizeof(out->buffer) - out->used <= VMT_PRINT_MAX)
        flush(out);
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(out->buffer + out->used, VMT_PRINT_MAX + 1, format, args);
    va_end(args);
    if (n >= 0 && n <= VMT_PRINT_MAX)
        out->used += (size_t)n;
    else if (!out->error)
        out->error = -EOVERFLOW;
}

void vmt_put(VmtOutput *out, char byte)
{
    if (out->used == sizeof(out->buffer))
        flush(out);
    out->buffer[out->used++] = byte;
}

int vmt_output_close(VmtOutput **handle, VmtError *error)
{
    VmtOutput *out = *handle;
    flush(out);
    if (out->owned && close(out->fd) < 0 && !out->error)
        out->error = -errno;
    if (out->temporary) {
        if (!out->error && rename(out->temporary, out->target) < 0)
            out->error = -errno;
        if (out->error)
            unlink(out->temporary);
    }
    const int code = out->error;
    const char *path = out->path;
    dispose(handle);
    return code < 0 ? fail(error, code, path) : 0;
}
