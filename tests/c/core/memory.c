// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Peak memory does not grow with the length: memory FRAMES THREADS scores that many 192x108 pairs,
 * lent, pulling rows as they come, and prints its peak in KiB. Without arguments it runs itself
 * with 100 and with 2000 frames and compares.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../check.h"
#include "pictures.h"

enum { WIDTH = 192, HEIGHT = 108, SHORT = 100, LONG = 2000 };

static void release(void *opaque)
{
    free(opaque);
}

static VmtPicture lent(const Pictures *p, void *plane)
{
    return (VmtPicture){ plane, p->stride, release, plane };
}

static void *shifted(const Pictures *p, const uint8_t *plane, int n)
{
    const size_t size = (size_t)p->stride * HEIGHT;
    uint8_t *copy = malloc(size);
    if (!copy)
        abort();
    for (size_t i = 0; i < size; i++)
        copy[i] = plane[(i + (size_t)n) % size];
    return copy;
}

static long peak(int frames, int threads)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 8);
    const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = threads };
    uint8_t *ref = picture_reference(&p, 0), *dis = picture_distorted(&p, 0, 0);
    VmtContext *ctx;
    VmtRow row;
    int rows = 0;

    if (vmt_open(&ctx, &config, NULL) < 0)
        abort();
    for (int n = 0; n < frames; n++) {
        const VmtPicture a = lent(&p, shifted(&p, ref, n)), b = lent(&p, shifted(&p, dis, n));
        if (vmt_push(ctx, &a, &b, NULL) < 0)
            abort();
        while (vmt_pull(ctx, &row, NULL) > 0)
            rows++;
    }
    vmt_flush(ctx, NULL);
    while (vmt_pull(ctx, &row, NULL) > 0)
        rows++;
    vmt_close(&ctx);
    free(ref);
    free(dis);
    CHECK(rows == frames, "%d rows of %d frames", rows, frames);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Peak memory is a process's; so each measurement is one. */
static long peak_of_child(const char *self, int frames, int threads)
{
    char command[4096];
    long kib = 0;
    snprintf(command, sizeof(command), "'%s' %d %d", self, frames, threads);
    FILE *child = popen(command, "r");
    if (!child || fscanf(child, "%ld", &kib) != 1)
        CHECK(0, "cannot run %s", command);
    if (child)
        CHECK(pclose(child) == 0, "%s failed", command);
    return kib;
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        printf("%ld\n", peak(atoi(argv[1]), atoi(argv[2])));
        return check_failures != 0;
    }
    for (int threads = 1; threads <= 3; threads += 2) {
        const long few = peak_of_child(argv[0], SHORT, threads);
        const long many = peak_of_child(argv[0], LONG, threads);
        printf("%d threads: %ld KiB for %d frames, %ld KiB for %d\n", threads, few, SHORT, many,
               LONG);
        CHECK(few > 0 && many * 100 <= few * 105, "memory grows with the length");
    }
    return check_result("memory");
}
