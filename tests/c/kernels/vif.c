// SPDX-License-Identifier: BSD-2-Clause-Patent
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "vmaf_tiny.h"

enum { OUT = 4, ROWS = VMT_TAPS_MAX + OUT - 1 };

/* From scale 1 on samples have 16 bits, rows may be narrow, and what follows them may be read. */
static int width_at(const Trial *t, int scale)
{
    return scale ? t->w >> scale : t->w;
}

static void check_vertical(const Trial *t, int scale)
{
    static uint16_t samples[2][ROWS][ROW], down[2][2][ROW];
    static int16_t made[2][OUT][5][ROW];
    const void *rows[2][ROWS];
    VmtMoments out[2][OUT];
    const int w = width_at(t, scale), bits = scale ? 16 : t->bits;
    const int n = test_random(2) ? 4 : 2;

    for (int p = 0; p < 2; p++)
        for (int k = 0; k < ROWS; k++) {
            test_samples(samples[p][k], ROW, bits);
            rows[p][k] = samples[p][k];
        }
    for (int level = 0; level < 2; level++)
        for (int i = 0; i < OUT; i++) {
            int16_t(*m)[ROW] = made[level][i];
            out[level][i] = (VmtMoments){ m[0], { m[1], m[2] }, { m[3], m[4] } };
        }
    if (test_begin("vif_vertical_ref", t)) {
        t->plain->vif_vertical_ref(out[0], rows[0], n, w, scale, bits);
        t->level->vif_vertical_ref(out[1], rows[0], n, w, scale, bits);
        for (int i = 0; i < n; i++)
            for (int m = 0; m < 4; m += m ? 2 : 1)
                test_same(made[0][i][m], made[1][i][m], (size_t)w * 2, "a moment");
        TEST_BENCH(t, t->level->vif_vertical_ref(out[1], rows[0], n, w, scale, bits));
    }
    if (test_begin("vif_vertical_dis", t)) {
        t->plain->vif_vertical_dis(out[0], rows[0], rows[1], n, w, scale, bits);
        t->level->vif_vertical_dis(out[1], rows[0], rows[1], n, w, scale, bits);
        for (int i = 0; i < n; i++)
            for (int m = 0; m < 5; m++)
                test_same(made[0][i][m], made[1][i][m], (size_t)w * 2, "a moment");
        TEST_BENCH(t, t->level->vif_vertical_dis(out[1], rows[0], rows[1], n, w, scale, bits));
    }
    if (scale < VMT_SCALES - 1 && test_begin("vif_down_vertical", t)) {
        uint16_t *const a[2] = { down[0][0], down[0][1] }, *const b[2] = { down[1][0], down[1][1] };
        t->plain->vif_down_vertical(a, rows[0], w, scale, bits);
        t->level->vif_down_vertical(b, rows[0], w, scale, bits);
        for (int i = 0; i < 2; i++)
            test_same(a[i], b[i], (size_t)w * 2, "a row");
        TEST_BENCH(t, t->level->vif_down_vertical(b, rows[0], w, scale, bits));
    }
}

/* What belongs to a column. */
typedef struct Column {
    int32_t a, b;
} Column;

static int compare_columns(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(Column));
}

/* Say unless two rows have the same columns, in whatever order within a block. */
static void same_columns(int32_t *const a[2], int32_t *const b[2], int w, const char *what)
{
    Column block[2][VMT_SAMPLES];

    for (int x = 0; x < w; x += VMT_SAMPLES) {
        const size_t n = (size_t)(x + VMT_SAMPLES < w ? VMT_SAMPLES : w - x);
        for (int level = 0; level < 2; level++) {
            for (size_t i = 0; i < n; i++)
                block[level][i] = (Column){ a[level][(size_t)x + i], b[level][(size_t)x + i] };
            qsort(block[level], n, sizeof(Column), compare_columns);
        }
        test_same(block[0], block[1], n * sizeof(Column), what);
    }
}

static void check_horizontal(const Trial *t, int scale)
{
    static int16_t in[5][ROW];
    static int32_t mean[2][ROW], var[2][ROW], cov[2][ROW];
    int32_t *const means[2] = { mean[0], mean[1] }, *const vars[2] = { var[0], var[1] };
    int32_t *const covs[2] = { cov[0], cov[1] };
    const VmtKernels *const levels[2] = { t->plain, t->level };
    const int w = width_at(t, scale);

    for (int m = 0; m < 5; m++)
        test_samples(in[m], ROW, 16);
    const VmtMoments moments = { in[0] + VMT_PAD, { in[1] + VMT_PAD, in[2] + VMT_PAD },
                                 { in[3] + VMT_PAD, in[4] + VMT_PAD } };
    for (int i = 0; i < 2; i++)
        levels[i]->vif_horizontal_ref((uint32_t *)mean[i], var[i], &moments, w, scale);
    if (test_begin("vif_horizontal_ref", t)) {
        same_columns(means, vars, w, "a mean or variance");
        TEST_BENCH(t, t->level->vif_horizontal_ref((uint32_t *)mean[1], var[1], &moments, w,
                                                   scale));
    }
    if (test_begin("vif_horizontal_dis", t)) {
        for (int m = 0; m < 5; m++)
            test_samples(in[m], ROW, 16);
        for (int i = 0; i < 2; i++)
            levels[i]->vif_horizontal_dis(var[i], cov[i], (uint32_t *)mean[i], &moments, w, scale);
        same_columns(vars, covs, w, "a variance or covariance");
        TEST_BENCH(t, t->level->vif_horizontal_dis(var[1], cov[1], (uint32_t *)mean[1], &moments,
                                                   w, scale));
    }
}

static void check_down_horizontal(const Trial *t, int scale)
{
    static uint16_t row[ROW], down[2][ROW];
    const int w = width_at(t, scale);

    if (scale < VMT_SCALES - 1 && test_begin("vif_down_horizontal", t)) {
        test_samples(row, ROW, 16);
        t->plain->vif_down_horizontal(down[0], row + VMT_PAD, w, scale);
        t->level->vif_down_horizontal(down[1], row + VMT_PAD, w, scale);
        test_same(down[0], down[1], (size_t)(w / 2) * 2, "a row");
        TEST_BENCH(t, t->level->vif_down_horizontal(down[1], row + VMT_PAD, w, scale));
    }
}

/* Variances as they can be: the square of the covariance is at most their product. */
static void fill_statistics(int32_t *ref, int32_t *dis, int32_t *cov, int n)
{
    test_numbers32(ref, n, -3, 1073741823);
    test_numbers32(dis, n, 0, 1073741823);
    for (int x = 0; x < n; x++) {
        if (test_random(8) == 0) /* where detail begins */
            ref[x] = 131070 + (int)test_random(5);
        const double part = (double)test_random(0) / 4294967295.0 * 2.4 - 1.2;
        const double product = (double)(ref[x] > 0 ? ref[x] : 0) * dis[x];
        const double most = product > 0 ? __builtin_sqrt(product) : 0;
        const double c = most * (part > 1 ? 1 : part < -1 ? -1 : part);
        cov[x] = (int32_t)c + (int)test_random(3) - 1;
    }
}

static void check_sums(const Trial *t, int scale)
{
    static int32_t ref[ROW], dis[ROW], cov[ROW];
    const int w = width_at(t, scale);
    VmtVifSums a = { 0 }, b = { 0 };

    fill_statistics(ref, dis, cov, ROW);
    if (test_begin("vif_sum_ref", t)) {
        t->plain->vif_sum_ref(&a, ref, w, t->tables);
        t->level->vif_sum_ref(&b, ref, w, t->tables);
        test_same(&a, &b, sizeof(a), "a sum");
        TEST_BENCH(t, t->level->vif_sum_ref(&b, ref, w, t->tables));
    }
    if (test_begin("vif_sum_dis", t)) {
        const double limit = test_random(2) ? 100 : 1 + test_random(1000) / 500.0;
        a = b = (VmtVifSums){ 0 };
        t->plain->vif_sum_dis(&a, ref, dis, cov, w, limit, t->tables);
        t->level->vif_sum_dis(&b, ref, dis, cov, w, limit, t->tables);
        test_same(&a, &b, sizeof(a), "a sum");
        TEST_BENCH(t, t->level->vif_sum_dis(&b, ref, dis, cov, w, limit, t->tables));
    }
}

/* Every entry of the table, at every exponent, alone: a row of one pixel. */
static void check_logarithms(const Trial *t)
{
    if (t->w != WIDTH || t->bits != 8 || !test_begin("vif_sum_ref", t))
        return;
    static int32_t var[ROW];
    for (int exponent = 17; exponent < 30; exponent++)
        for (int i = 32768; i < 65536; i++) {
            VmtVifSums a = { 0 }, b = { 0 };
            const uint32_t low = exponent > 15 ? test_random(1u << (exponent - 15)) : 0;
            const uint32_t v = ((uint32_t)i << (exponent - 15)) + low;
            if (v < 2 * 131072)
                continue;
            var[0] = (int32_t)(v - 131072);
            t->plain->vif_sum_ref(&a, var, 1, t->tables);
            t->level->vif_sum_ref(&b, var, 1, t->tables);
            test_same(&a, &b, sizeof(a), "a logarithm");
        }
}

/* The longest row of the largest numbers: sums must not outgrow the lanes they are made in. */
static void check_longest(const Trial *t)
{
    static int32_t most[VMT_SIZE_MAX];
    VmtVifSums a = { 0 }, b = { 0 };

    if (t->w != WIDTH || t->bits != 8)
        return;
    for (int x = 0; x < VMT_SIZE_MAX; x++)
        most[x] = 1073741823;
    if (test_begin("vif_sum_ref", t)) {
        t->plain->vif_sum_ref(&a, most, VMT_SIZE_MAX, t->tables);
        t->level->vif_sum_ref(&b, most, VMT_SIZE_MAX, t->tables);
        test_same(&a, &b, sizeof(a), "a long sum");
    }
    if (test_begin("vif_sum_dis", t)) {
        a = b = (VmtVifSums){ 0 };
        t->plain->vif_sum_dis(&a, most, most, most, VMT_SIZE_MAX, 100, t->tables);
        t->level->vif_sum_dis(&b, most, most, most, VMT_SIZE_MAX, 100, t->tables);
        test_same(&a, &b, sizeof(a), "a long sum");
    }
}

void test_vif(const Trial *t)
{
    for (int scale = 0; scale < VMT_SCALES; scale++) {
        if (!scale || t->bits > 8)
            check_vertical(t, scale);
        check_horizontal(t, scale);
        check_down_horizontal(t, scale);
        check_sums(t, scale);
    }
    check_logarithms(t);
    check_longest(t);
}
