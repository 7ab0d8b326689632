// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Many values into one, with libvmaf's order of operations, so that the same values give the same
 * digits.
 */
#include "base/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[VMT_POOLS] = {
    [VMT_POOL_MIN] = "min",
    [VMT_POOL_MAX] = "max",
    [VMT_POOL_MEAN] = "mean",
    [VMT_POOL_HARMONIC_MEAN] = "harmonic_mean",
    [VMT_POOL_P1] = "p1",
    [VMT_POOL_P5] = "p5",
    [VMT_POOL_P10] = "p10",
    [VMT_POOL_P50] = "p50",
    [VMT_POOL_STDEV] = "stdev",
};

static const struct {
    int pool;
    double percent;
} percentiles[] = {
    {VMT_POOL_P1, 1}, {VMT_POOL_P5, 5}, {VMT_POOL_P10, 10}, {VMT_POOL_P50, 50},
};

const char *vmt_pool_name(int pool)
{
    return pool >= 0 && pool < VMT_POOLS ? names[pool] : NULL;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the closest ranks, from whichever is nearer: numpy's default, to the last bit. */
static double percentile(const double *sorted, size_t n, double percent)
{
    const double rank = (double)(n - 1) * (percent / 100);
    const size_t below = (size_t)rank;
    const double part = rank - (double)below;
    const double low = sorted[below], high = sorted[below + 1 < n ? below + 1 : below];
    return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

static void pool_sums(const double *values, size_t n, double *pooled)
{
    double min = values[0], max = values[0], sum = 0, reciprocals = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
        sum += values[i];
        reciprocals += 1 / (values[i] + 1);
    }
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);

    pooled[VMT_POOL_MIN] = min;
    pooled[VMT_POOL_MAX] = max;
    pooled[VMT_POOL_MEAN] = mean;
    pooled[VMT_POOL_HARMONIC_MEAN] = (double)n / reciprocals - 1;
    pooled[VMT_POOL_STDEV] = sqrt(squares / (double)n);
}

int vmt_pool(const double *values, size_t n, double *pooled, VmtError *error)
{
    if (!values || !pooled || n == 0)
        return vmt_fail(error, -EINVAL, "there are no values to pool; give at least one");
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return vmt_fail(error, -EINVAL,
                            "value %zu of %zu is not a finite number; leave it out before pooling",
                            i, n);

    double *sorted = calloc(n, sizeof(*sorted));
    if (!sorted)
        return vmt_fail(error, -ENOMEM, "no memory to sort %zu values; free some", n);
    memcpy(sorted, values, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), ascending);
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(*percentiles); i++)
        pooled[percentiles[i].pool] = percentile(sorted, n, percentiles[i].percent);
    free(sorted);

    pool_sums(values, n, pooled);
    vmt_no_error(error);
    return 0;
}
