// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _XOPEN_SOURCE 700
#include "fusion/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

const char *vmt_file_env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

char *vmt_file_join(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

const char *vmt_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool inside(const char *path, const char *folder)
{
    const size_t n = strlen(folder);
    if (n == 1) /* the root */
        return true;
    return strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* The jail without symbolic links, in *jail; NULL if there is none. */
static int find_jail(char **jail, VmtError *error)
{
    *jail = NULL;
    const char *folder = vmt_file_env("VMAF_TINY_MODEL_DIR");
    if (!folder)
        return 0;
    struct stat st;
    char *real = realpath(folder, NULL);
    if (!real && errno == ENOMEM)
        return vmt_fail(error, -ENOMEM, "out of memory");
    if (!real || stat(real, &st) || !S_ISDIR(st.st_mode)) {
        free(real);
        return vmt_fail(error, -EACCES,
                        "VMAF_TINY_MODEL_DIR is '%s', which is not a folder: nothing is read; "
                        "set it to the folder of the models or unset it", folder);
    }
    *jail = real;
    return 0;
}

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISFIFO(mode))
        return "a pipe";
    return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : "no regular file";
}

static int check(const struct stat *st, const char *path, size_t limit, const char *what,
                 VmtError *error)
{
    if (!S_ISREG(st->st_mode))
        return vmt_fail(error, -EINVAL, "%s '%s' is %s: give a regular file", what, path,
                        kind_of(st->st_mode));
    if (st->st_size < 0 || (uintmax_t)st->st_size > limit)
        return vmt_fail(error, -EFBIG, "%s '%s' has %jd bytes, at most %zu are read", what, path,
                        (intmax_t)st->st_size, limit);
    return 0;
}

/* Up to size bytes; how many there were, or a negative errno value. */
static intmax_t fill(int fd, uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t n = read(fd, data + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (intmax_t)done;
}

/* Check that the file that was opened is the one that its name, which has no links, still means:
 * folders on the way may have been replaced by links meanwhile. */
static int check_name(const struct stat *opened, const char *path, const char *what,
                      VmtError *error)
{
    struct stat named;
    char *real = realpath(path, NULL);
    if (!real && errno == ENOMEM)
        return vmt_fail(error, -ENOMEM, "out of memory");
    const bool same = real && strcmp(real, path) == 0 && stat(real, &named) == 0 &&
                      named.st_dev == opened->st_dev && named.st_ino == opened->st_ino;
    free(real);
    return same ? 0 : vmt_fail(error, -EIO, "%s '%s' is replaced while it is opened: try again",
                               what, path);
}

static int read_open(VmtFile *out, int fd, const char *path, size_t limit, const char *what,
                     VmtError *error)
{
    /* Once more, on what was really opened: the name may mean another file by now. */
    struct stat st;
    if (fstat(fd, &st))
        return vmt_fail(error, -errno, "%s '%s': %s", what, path, strerror(errno));
    int rc = check(&st, path, limit, what, error);
    if (rc == 0)
        rc = check_name(&st, path, what, error);
    if (rc)
        return rc;
    /* One byte more than there should be shows a file that grows. */
    const size_t size = (size_t)st.st_size + 1;
    out->data = malloc(size);
    if (!out->data)
        return vmt_fail(error, -ENOMEM, "out of memory");
    const intmax_t n = fill(fd, out->data, size);
    if (n < 0)
        return vmt_fail(error, (int)n, "%s '%s': %s", what, path, strerror((int)-n));
    if (n != (intmax_t)st.st_size)
        return vmt_fail(error, -EIO, "%s '%s' changes while it is read: try again when it is "
                        "complete", what, path);
    out->size = (size_t)n;
    return 0;
}

static int read_real(VmtFile *out, size_t limit, const char *what, VmtError *error)
{
    const char *path = out->path;
    struct stat st;
    if (stat(path, &st))
        return vmt_fail(error, -errno, "%s '%s': %s", what, path, strerror(errno));
    int rc = check(&st, path, limit, what, error);
    if (rc)
        return rc;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return vmt_fail(error, -errno, "%s '%s': %s", what, path, strerror(errno));
    rc = read_open(out, fd, path, limit, what, error);
    close(fd);
    return rc;
}

int vmt_file_read(VmtFile *out, const char *path, size_t limit, const char *what, VmtError *error)
{
    *out = (VmtFile){0};
    char *jail;
    int rc = find_jail(&jail, error);
    if (rc)
        return rc;
    out->path = realpath(path, NULL);
    if (!out->path && errno == ENOMEM)
        rc = vmt_fail(error, -ENOMEM, "out of memory");
    else if (!out->path)
        rc = vmt_fail(error, -errno, "%s '%s': %s", what, path, strerror(errno));
    else if (jail && !inside(out->path, jail))
        rc = vmt_fail(error, -EACCES, "%s '%s' lies outside VMAF_TINY_MODEL_DIR (%s): move it "
                      "there or unset the variable", what, path, jail);
    else
        rc = read_real(out, limit, what, error);
    free(jail);
    if (rc)
        vmt_file_free(out);
    return rc;
}

void vmt_file_free(VmtFile *file)
{
    free(file->data);
    free(file->path);
    *file = (VmtFile){0};
}
