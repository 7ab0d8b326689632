// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Peak memory does not grow with the length: memory FRAMES THREADS scores that many 480x270 pairs,
 * lent, pulling rows as they come, and prints its peak in KiB. Without arguments it runs itself
 * with 100 and with 2000 frames and compares. Lent planes come from a pool that is as large as the
 * context may hold at a time.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../check.h"
#include "pictures.h"

enum { WIDTH = 480, HEIGHT = 270, SHORT = 100, LONG = 2000 };

/* What waits, is computed or is pushed: a pair, and the reference before it. */
enum { THREADS = 3, WAITING = 2, PLANES = 3 * (WAITING + THREADS + 1) };

static struct {
    pthread_mutex_t lock;
    void *free[PLANES];
    int count;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void put_plane(void *plane)
{
    pthread_mutex_lock(&pool.lock);
    pool.free[pool.count++] = plane;
    pthread_mutex_unlock(&pool.lock);
}

static void *take_plane(void)
{
    pthread_mutex_lock(&pool.lock);
    if (!pool.count) {
        printf("the context holds more than %d planes\n", PLANES);
        exit(1);
    }
    void *plane = pool.free[--pool.count];
    pthread_mutex_unlock(&pool.lock);
    return plane;
}

static VmtPicture lent(const Pictures *p, const uint8_t *plane, int n)
{
    const size_t size = (size_t)p->stride * HEIGHT, from = (size_t)n % size;
    uint8_t *copy = take_plane();

    memcpy(copy, plane + from, size - from);
    memcpy(copy + size - from, plane, from);
    return (VmtPicture){ copy, p->stride, put_plane, copy };
}

static void fill_pool(size_t size)
{
    for (int i = 0; i < PLANES; i++) {
        void *plane = malloc(size);
        if (!plane)
            abort();
        memset(plane, 1, size);
        put_plane(plane);
    }
}

static long peak(int frames, int threads)
{
    const Pictures p = pictures(WIDTH, HEIGHT, 8);
    const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = threads };
    uint8_t *ref = picture_reference(&p, 0), *dis = picture_distorted(&p, 0, 0);
    VmtContext *ctx;
    VmtRow row;
    int rows = 0;

    fill_pool((size_t)p.stride * HEIGHT);
    if (vmt_open(&ctx, &config, NULL) < 0)
        abort();
    for (int n = 0; n < frames; n++) {
        const VmtPicture a = lent(&p, ref, n), b = lent(&p, dis, n);
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
    CHECK(pool.count == PLANES, "%d planes came back", pool.count);
    while (pool.count)
        free(take_plane());
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
    for (int threads = 1; threads <= THREADS; threads += 2) {
        const long few = peak_of_child(argv[0], SHORT, threads);
        const long many = peak_of_child(argv[0], LONG, threads);
        printf("%d threads: %ld KiB for %d frames, %ld KiB for %d\n", threads, few, SHORT, many,
               LONG);
        CHECK(few > 0 && many * 100 <= few * 105, "memory grows with the length");
    }
    return check_result("memory");
}
