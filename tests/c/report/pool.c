// SPDX-License-Identifier: BSD-2-Clause-Patent
/* Pooling against values worked out by hand, what it refuses, and the names. */
#include "vmaf_tiny.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static int failures;

static void expect(int truth, const char *what)
{
    if (!truth) {
        printf("not so: %s\n", what);
        failures++;
    }
}

static void expect_value(const double *pooled, int pool, double right)
{
    if (pooled[pool] != right) {
        printf("%s is %.17g, not %.17g\n", vmt_pool_name(pool), pooled[pool], right);
        failures++;
    }
}

static void expect_refused(const double *values, size_t n, double *pooled, const char *what)
{
    VmtError error = {""};
    expect(vmt_pool(values, n, pooled, &error) == -EINVAL, what);
    expect(error.text[0] != '\0' && !strchr(error.text, '\n'), "a refusal says why, in one line");
    expect(vmt_pool(values, n, pooled, NULL) == -EINVAL, "a refusal needs no place for words");
}

static void five_values(void)
{
    double values[] = {3, 0, 1, 7, 1};
    const double before[] = {3, 0, 1, 7, 1};
    double pooled[VMT_POOLS];
    VmtError error = {"left over"};
    expect(vmt_pool(values, 5, pooled, &error) == 0, "five numbers pool");
    expect(error.text[0] == '\0', "success empties the message");
    expect(memcmp(values, before, sizeof(values)) == 0, "the values stay as they are");
    expect_value(pooled, VMT_POOL_MIN, 0);
    expect_value(pooled, VMT_POOL_MAX, 7);
    expect_value(pooled, VMT_POOL_MEAN, 2.4);
    /* 5 / (1/4 + 1 + 1/2 + 1/8 + 1/2) - 1 */
    expect_value(pooled, VMT_POOL_HARMONIC_MEAN, 5 / 2.375 - 1);
    /* sorted 0 1 1 3 7: rank of a percentile is percent / 100 * 4 */
    expect_value(pooled, VMT_POOL_P1, 0.04);
    expect_value(pooled, VMT_POOL_P5, 0.2);
    expect_value(pooled, VMT_POOL_P10, 0.4);
    expect_value(pooled, VMT_POOL_P50, 1);
    /* squares from the mean: 0.36 5.76 1.96 21.16 1.96 */
    expect(fabs(pooled[VMT_POOL_STDEV] - sqrt(31.2 / 5)) < 1e-15, "deviation of five");
}

static void one_value(void)
{
    const double value = 93.25;
    double pooled[VMT_POOLS];
    expect(vmt_pool(&value, 1, pooled, NULL) == 0, "one number pools");
    for (int pool = 0; pool < VMT_POOL_STDEV; pool++)
        expect_value(pooled, pool, pool == VMT_POOL_HARMONIC_MEAN ? 1 / (1 / 94.25) - 1 : value);
    expect_value(pooled, VMT_POOL_STDEV, 0);
}

static void refusals(void)
{
    const double nan[] = {1, NAN}, infinite[] = {-INFINITY, 1}, fine[] = {1};
    double pooled[VMT_POOLS];
    expect_refused(fine, 0, pooled, "no values are refused");
    expect_refused(NULL, 1, pooled, "a null pointer is refused");
    expect_refused(fine, 1, NULL, "no place for the answer is refused");
    expect_refused(nan, 2, pooled, "NaN is refused");
    expect_refused(infinite, 2, pooled, "infinity is refused");
}

static void all_names(void)
{
    static const char *const pools[] = {"min", "max", "mean", "harmonic_mean", "p1",
                                        "p5",  "p10", "p50",  "stdev"};
    static const char *const logs[] = {"xml", "json", "csv", "sub"};
    expect(sizeof(pools) / sizeof(*pools) == VMT_POOLS, "nine poolings");
    expect(sizeof(logs) / sizeof(*logs) == VMT_LOGS, "four formats");
    for (int i = 0; i < VMT_POOLS; i++)
        expect(strcmp(vmt_pool_name(i), pools[i]) == 0, pools[i]);
    for (int i = 0; i < VMT_LOGS; i++)
        expect(strcmp(vmt_log_name(i), logs[i]) == 0, logs[i]);
    expect(!vmt_pool_name(-1) && !vmt_pool_name(VMT_POOLS), "no name outside the poolings");
    expect(!vmt_log_name(-1) && !vmt_log_name(VMT_LOGS), "no name outside the formats");
}

int main(void)
{
    five_values();
    one_value();
    refusals();
    all_names();
    return failures != 0;
}
