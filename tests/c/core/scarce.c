// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Every request for memory or a thread of a short run fails once, one after the other: the error is
 * clean, nothing is lost or left, and a call that failed can be repeated. Linked with --wrap, which
 * sees what our own code asks for and nothing else.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"
#include "pictures.h"

enum { FRAMES = 20, RENDITIONS = 2, ROWS = FRAMES * RENDITIONS, REQUESTS_MAX = 2000 };

static struct {
    long at, asked, alive;
    pthread_mutex_t lock;
} requests = { .at = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

static int fails(void)
{
    pthread_mutex_lock(&requests.lock);
    const int now = requests.asked++ == requests.at;
    pthread_mutex_unlock(&requests.lock);
    if (now)
        errno = ENOMEM;
    return now;
}

static void *counted(void *block)
{
    pthread_mutex_lock(&requests.lock);
    requests.alive += block != NULL;
    pthread_mutex_unlock(&requests.lock);
    return block;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);
locale_t __real_newlocale(int mask, const char *name, locale_t base);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);
locale_t __wrap_newlocale(int mask, const char *name, locale_t base);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails())
        return NULL;
    return old ? __real_realloc(old, size) : counted(__real_malloc(size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *block)
{
    pthread_mutex_lock(&requests.lock);
    requests.alive -= block != NULL;
    pthread_mutex_unlock(&requests.lock);
    __real_free(block);
}

locale_t __wrap_newlocale(int mask, const char *name, locale_t base)
{
    return fails() ? (locale_t)0 : __real_newlocale(mask, name, base);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

/* ------------------------------------------------------------------------------------ a run */

static const Pictures format = { 65, 49, 10, 65 * 2 + 6 };
static uint8_t *planes[FRAMES][1 + RENDITIONS];
static VmtRow expected[ROWS];
static double expected_pooled[VMT_POOLS];
static char folder[] = "/tmp/vmaf_tiny-scarce-XXXXXX";
static int released;

static void release(void *opaque)
{
    __atomic_add_fetch((int *)opaque, 1, __ATOMIC_RELAXED);
}

/* Whether it failed, and properly. */
static int failed(int rc, const VmtError *error, const char *what)
{
    if (rc < 0)
        CHECK((rc == -ENOMEM || rc == -EAGAIN) && strlen(error->text) > 10, "%s: %d '%s' at %ld",
              what, rc, error->text, requests.at);
    return rc < 0;
}

/* The reference is lent, every other time from an odd address, which makes a copy necessary. */
static void push(VmtContext *ctx, int n)
{
    VmtPicture pictures[1 + RENDITIONS];
    VmtError error;

    for (int i = 0; i <= RENDITIONS; i++)
        pictures[i] = picture_copied(&format, planes[n][i]);
    pictures[0].release = release;
    pictures[0].opaque = &released;
    const int rc = vmt_push(ctx, &pictures[0], &pictures[1], &error);
    if (failed(rc, &error, "push")) /* and is not released, or there were one too many at the end */
        CHECK(vmt_push(ctx, &pictures[0], &pictures[1], &error) == 0, "not again: %s", error.text);
}

static void check_rows(const VmtRow *rows, int count)
{
    CHECK(count == FRAMES, "%d rows of %d", count, FRAMES);
    CHECK(!memcmp(rows, expected, sizeof(expected)), "other rows at %ld", requests.at);
}

static void write_log(const VmtRow *rows)
{
    const VmtLog log = { .frames = FRAMES, .rows = rows };
    char path[64];
    VmtError error;

    snprintf(path, sizeof(path), "%s/log", folder);
    if (failed(vmt_log_write(&log, VMT_LOG_JSON, path, &error), &error, "log")) {
        CHECK(access(path, F_OK) != 0, "half a log");
        CHECK(vmt_log_write(&log, VMT_LOG_JSON, path, &error) == 0, "no log: %s", error.text);
    }
    CHECK(unlink(path) == 0, "no log");
    CHECK(rmdir(folder) == 0, "something is left beside the log");
    if (mkdir(folder, 0700))
        abort();
}

static void pool(const VmtRow *rows)
{
    double values[FRAMES], pooled[VMT_POOLS];
    VmtError error;

    for (int i = 0; i < FRAMES; i++)
        values[i] = rows[i * RENDITIONS].value[0];
    if (failed(vmt_pool(values, FRAMES, pooled, &error), &error, "pool"))
        CHECK(vmt_pool(values, FRAMES, pooled, &error) == 0, "not again: %s", error.text);
    if (requests.at < 0)
        memcpy(expected_pooled, pooled, sizeof(pooled));
    CHECK(!memcmp(pooled, expected_pooled, sizeof(pooled)), "other pools at %ld", requests.at);
}

/* With the request that fails, from 0; negative: none. Returns how many there were. */
static long run(long at, int threads)
{
    const VmtConfig config = { .width = format.width, .height = format.height,
                               .bits = format.bits, .renditions = RENDITIONS,
                               .threads = threads };
    VmtRow rows[ROWS];
    VmtContext *ctx;
    VmtError error;
    int count = 0;

    requests.at = at;
    requests.asked = released = 0;
    if (!failed(vmt_open(&ctx, &config, &error), &error, "open")) {
        for (int n = 0; n < FRAMES; n++)
            push(ctx, n);
        vmt_flush(ctx, NULL);
        while (count < FRAMES && vmt_pull(ctx, rows + count * RENDITIONS, NULL) > 0)
            count++;
        if (at < 0)
            memcpy(expected, rows, sizeof(rows));
        check_rows(rows, count);
        pool(rows);
        write_log(rows);
    }
    vmt_close(&ctx);
    CHECK(released == count, "%d of %d loans came back", released, count);
    CHECK(requests.alive == 0, "%ld blocks are left at %ld", requests.alive, at);
    requests.alive = 0;
    return requests.asked;
}

int main(void)
{
    long tried = 0;

    if (!mkdtemp(folder))
        abort();
    for (int n = 0; n < FRAMES; n++)
        for (int i = 0; i <= RENDITIONS; i++)
            planes[n][i] = i ? picture_distorted(&format, n, i - 1) : picture_reference(&format, n);
    requests.alive = 0;
    for (int threads = 1; threads <= 3; threads += 2) {
        run(-1, threads);
        for (long at = 0; at < run(at, threads) && at < REQUESTS_MAX; at++)
            tried++;
    }
    rmdir(folder);
    printf("%ld requests failed\n", tried);
    CHECK(tried > 50, "only %ld", tried);
    return check_result("scarce");
}
