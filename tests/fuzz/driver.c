// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Runs a fuzz target without libFuzzer: every file of a corpus as it is, then changed in ways that
 * depend on a seed alone.
 *
 *     fuzz_NAME [-seed=N] [-runs=N] CORPUS
 *
 * Prints how many inputs were tried and how many were taken. An input that ends the process is in
 * the file that -artifact_prefix= begins, "crash".
 */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { FILES_MAX = 4096, SIZE_MAX_TRIED = 1 << 20, GROWTH = 64 };

typedef struct Input {
    uint8_t *data;
    size_t size;
} Input;

static Input corpus[FILES_MAX];
static size_t count;
static uint64_t state;
static Input tried; /* what the target has right now */
static char crash[1024];

/* xorshift64*: 0 to n - 1. */
static size_t draw(size_t n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * 0x2545f4914f6cdd1d) >> 33) % n;
}

static void overwrite(uint8_t *data, size_t size)
{
    static const uint8_t runs[][4] = {
        { 0xff, 0xff, 0xff, 0xff }, { 0xff, 0xff, 0xff, 0x7f }, { 0x80, 0x80, 0x80, 0 }, { 0 } };
    const uint8_t *run = runs[draw(4)];
    const size_t at = draw(size);

    for (size_t i = 0; i < 4 && at + i < size; i++)
        data[at + i] = run[i];
}

/* A part of another input in place of what is there. */
static void splice(uint8_t *data, size_t size)
{
    const Input *other = &corpus[draw(count)];
    const size_t at = draw(size);

    if (!other->size)
        return;
    const size_t from = draw(other->size);
    for (size_t n = 1 + draw(64), i = 0; i < n && at + i < size && from + i < other->size; i++)
        data[at + i] = other->data[from + i];
}

/* One change; data has room for 16 bytes more than size. Returns the new size. */
static size_t change(uint8_t *data, size_t size)
{
    const size_t at = draw(size), n = 1 + draw(16);

    switch (draw(8)) {
    case 0: /* flip a bit */
        data[at] ^= (uint8_t)(1 << draw(8));
        return size;
    case 1: /* another byte */
        data[at] = (uint8_t)draw(256);
        return size;
    case 2: /* one more or less: lengths and types */
        data[at] = (uint8_t)(data[at] + (draw(2) ? 1 : 255));
        return size;
    case 3:
        overwrite(data, size);
        return size;
    case 4: /* cut out */
        if (at + n >= size)
            return size;
        memmove(data + at, data + at + n, size - at - n);
        return size - n;
    case 5: /* cut off, now and then */
        return draw(8) ? size : at + 1;
    case 6:
        splice(data, size);
        return size;
    default: /* put in again what stands elsewhere */
        memmove(data + at + n, data + at, size - at);
        memmove(data + at, data + draw(size > n ? size - n : 1), n);
        return size + n;
    }
}

static void keep(int signal)
{
    const int fd = open(crash, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    (void)signal;
    if (fd >= 0 && write(fd, tried.data, tried.size) == (ssize_t)tried.size)
        close(fd);
}

/* The bytes are exactly as many as they are, so that a sanitizer sees a read behind them. */
static void try(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);

    FUZZ_MUST(exact);
    if (size)
        memcpy(exact, data, size);
    tried = (Input){ exact, size };
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void try_changed(void)
{
    static uint8_t data[SIZE_MAX_TRIED + GROWTH];
    const Input *input = &corpus[draw(count)];
    size_t size = input->size;

    if (size)
        memcpy(data, input->data, size);
    else
        data[size++] = (uint8_t)draw(256);
    for (size_t changes = 1 + draw(3); changes > 0; changes--)
        size = change(data, size);
    try(data, size);
}

static void load(const char *path)
{
    struct stat st;
    const int fd = open(path, O_RDONLY);

    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || count == FILES_MAX ||
        st.st_size > SIZE_MAX_TRIED) {
        if (fd >= 0)
            close(fd);
        return;
    }
    Input *input = &corpus[count++];
    input->size = (size_t)st.st_size;
    input->data = malloc(input->size + 1);
    FUZZ_MUST(input->data && read(fd, input->data, input->size) == (ssize_t)input->size);
    close(fd);
}

static void load_folder(const char *folder)
{
    struct dirent **names;
    const int n = scandir(folder, &names, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        load(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

int main(int argc, char **argv)
{
    long runs = 0;

    snprintf(crash, sizeof(crash), "crash");
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "-seed=", 6))
            state = strtoull(argv[i] + 6, NULL, 10);
        else if (!strncmp(argv[i], "-runs=", 6))
            runs = atol(argv[i] + 6);
        else if (!strncmp(argv[i], "-artifact_prefix=", 17))
            snprintf(crash, sizeof(crash), "%scrash", argv[i] + 17);
        else
            load_folder(argv[i]);
    }
    if (!count) {
        fprintf(stderr, "%s [-seed=N] [-runs=N] CORPUS: there is no corpus\n", argv[0]);
        return 2;
    }
    state = state * 2 + 1;
    sigaction(SIGABRT, &(struct sigaction){ .sa_handler = keep, .sa_flags = (int)SA_RESETHAND },
              NULL);
    for (size_t i = 0; i < count; i++)
        try(corpus[i].data, corpus[i].size);
    for (long i = 0; i < runs; i++)
        try_changed();
    for (size_t i = 0; i < count; i++)
        free(corpus[i].data);
    printf("executions=%ld\ntaken=%ld\n", runs + (long)count, fuzz_taken);
    return 0;
}
