// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _XOPEN_SOURCE 700
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

long fuzz_taken;

void fuzz_judge(int rc, const VmtError *error)
{
    const size_t length = strlen(error->text);

    FUZZ_MUST(rc <= 0);
    FUZZ_MUST((rc < 0) == (length > 0));
    FUZZ_MUST(length < sizeof(error->text) && !strchr(error->text, '\n'));
    fuzz_taken += rc == 0;
}

uint32_t fuzz_number(FuzzBytes *from, int bytes)
{
    uint32_t number = 0;

    for (; bytes > 0; bytes--) {
        number = number << 8 | (from->size ? *from->data : 0);
        from->data += from->size > 0;
        from->size -= from->size > 0;
    }
    return number;
}

char *fuzz_text(FuzzBytes *from)
{
    const size_t asked = fuzz_number(from, 1), size = asked < from->size ? asked : from->size;
    char *text = malloc(size + 1);

    FUZZ_MUST(text);
    memcpy(text, from->data, size);
    text[size] = '\0';
    from->data += size;
    from->size -= size;
    return text;
}

static char folder[64];

static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    if (!folder[0]) {
        const char *parent = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
        snprintf(folder, sizeof(folder), "%s/vmaf_tiny-fuzz-XXXXXX", parent);
        FUZZ_MUST(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

void fuzz_write(const char *name, const uint8_t *data, size_t size)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    FUZZ_MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}
