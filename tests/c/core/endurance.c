// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Months in a minute: many pairs through one context, then many contexts one after the other.
 * Memory and file descriptors are flat.
 *
 *     endurance [PAIRS CONTEXTS]
 */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../check.h"
#include "pictures.h"

enum { WIDTH = 96, HEIGHT = 64, THREADS = 2, PICTURES = 8 };

static const Pictures format = { WIDTH, HEIGHT, 8, WIDTH };
static uint8_t *planes[PICTURES][2];

/* Memory that is in use, in KiB. */
static long resident(void)
{
    long pages = 0, ours = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld %ld", &pages, &ours) != 2)
        abort();
    fclose(file);
    return ours * (sysconf(_SC_PAGESIZE) / 1024);
}

static int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = -1; /* the folder's own */

    if (!dir)
        abort();
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static VmtContext *open_context(void)
{
    const VmtConfig config = { .width = WIDTH, .height = HEIGHT, .threads = THREADS };
    VmtContext *ctx;
    VmtError error;

    if (vmt_open(&ctx, &config, &error) < 0) {
        puts(error.text);
        abort();
    }
    return ctx;
}

static void push(VmtContext *ctx, long n)
{
    uint8_t *const *pair = planes[n % PICTURES];
    const VmtPicture ref = picture_copied(&format, pair[0]);
    const VmtPicture dis = picture_copied(&format, pair[1]);

    CHECK(vmt_push(ctx, &ref, &dis, NULL) == 0, "push %ld", n);
}

/* The pictures come again and again, and so do the rows. */
static long take(VmtContext *ctx, VmtRow *first, long taken)
{
    VmtRow row;

    while (vmt_pull(ctx, &row, NULL) > 0) {
        CHECK(row.index == taken, "row %ld is %lld", taken, (long long)row.index);
        /* Motion knows neighbours, which the first picture has not all. */
        if (taken >= PICTURES && taken < 2 * PICTURES)
            first[taken % PICTURES] = row;
        if (taken >= 2 * PICTURES)
            row.value[VMT_MOTION2] = first[taken % PICTURES].value[VMT_MOTION2];
        CHECK(taken < 2 * PICTURES ||
              !memcmp(row.value, first[taken % PICTURES].value, sizeof(row.value)),
              "row %ld differs", taken);
        taken++;
    }
    return taken;
}

static void one_context(long pairs)
{
    VmtContext *ctx = open_context();
    VmtRow first[PICTURES];
    long taken = 0, early = 0;

    for (long n = 0; n < pairs; n++) {
        push(ctx, n);
        taken = take(ctx, first, taken);
        if (n == pairs / 10)
            early = resident();
    }
    const long late = resident();
    vmt_flush(ctx, NULL);
    taken = take(ctx, first, taken);
    vmt_close(&ctx);
    CHECK(taken == pairs, "%ld rows of %ld", taken, pairs);
    CHECK(late <= early + 512, "memory grew from %ld to %ld KiB", early, late);
    printf("%ld pairs through one context: %ld KiB after a tenth, %ld at the end\n", pairs, early,
           late);
}

static void many_contexts(long count)
{
    long early = 0;
    const int open = descriptors();

    for (long i = 0; i < count; i++) {
        VmtContext *ctx = open_context();
        for (long n = 0; n < i % 5; n++)
            push(ctx, n);
        if (i % 2)
            vmt_flush(ctx, NULL);
        vmt_close(&ctx);
        if (i == count / 10)
            early = resident();
    }
    const long late = resident();
    CHECK(late <= early + 512, "memory grew from %ld to %ld KiB", early, late);
    CHECK(descriptors() == open, "%d descriptors, %d at first", descriptors(), open);
    printf("%ld contexts: %ld KiB after a tenth, %ld at the end, %d descriptors before and after\n",
           count, early, late, open);
}

int main(int argc, char **argv)
{
    const long pairs = argc > 1 ? atol(argv[1]) : 5000, contexts = argc > 2 ? atol(argv[2]) : 200;

    for (int n = 0; n < PICTURES; n++) {
        planes[n][0] = picture_reference(&format, n);
        planes[n][1] = picture_distorted(&format, n, 0);
    }
    one_context(pairs);
    many_contexts(contexts);
    for (int n = 0; n < PICTURES; n++) {
        free(planes[n][0]);
        free(planes[n][1]);
    }
    return check_result("endurance");
}
