// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "kernels.h"

/* Largest coefficients of the first approximation, and of the others. */
enum { MOST16 = 22930, MOST32 = 2100000000 };

static void check_samples(const Trial *t)
{
    static uint16_t samples[4][WIDTH];
    static int16_t made[2][2][ROW];
    const void *rows[4];

    if (!test_begin("wavelet0_vertical", t))
        return;
    for (int k = 0; k < 4; k++) {
        test_samples(samples[k], t->w, t->bits);
        rows[k] = samples[k];
    }
    t->plain->wavelet0_vertical(made[0][0], made[0][1], rows, t->w, t->bits);
    t->level->wavelet0_vertical(made[1][0], made[1][1], rows, t->w, t->bits);
    test_same(made[0][0], made[1][0], (size_t)t->w * 2, "the low half");
    test_same(made[0][1], made[1][1], (size_t)t->w * 2, "the high half");
    TEST_BENCH(t, t->level->wavelet0_vertical(made[1][0], made[1][1], rows, t->w, t->bits));
}

static void check_first(const Trial *t)
{
    static int16_t row[ROW], made[2][2][ROW];

    if (!test_begin("wavelet0_horizontal", t))
        return;
    test_numbers16(row, ROW, -MOST16, MOST16);
    t->plain->wavelet0_horizontal(made[0][0], made[0][1], row + VMT_PAD, t->w);
    t->level->wavelet0_horizontal(made[1][0], made[1][1], row + VMT_PAD, t->w);
    test_same(made[0][0], made[1][0], (size_t)((t->w + 1) / 2) * 2, "the low half");
    test_same(made[0][1], made[1][1], (size_t)((t->w + 1) / 2) * 2, "the high half");
    TEST_BENCH(t, t->level->wavelet0_horizontal(made[1][0], made[1][1], row + VMT_PAD, t->w));
}

static void check_second(const Trial *t)
{
    static int16_t rows[4][ROW];
    static int32_t made[2][2][ROW];
    const int16_t *pointers[4];
    const size_t size = (size_t)t->w * 4;

    if (!test_begin("wavelet1_vertical", t))
        return;
    for (int k = 0; k < 4; k++) {
        test_numbers16(rows[k], ROW, -MOST16, MOST16);
        pointers[k] = rows[k] + VMT_PAD;
    }
    t->plain->wavelet1_vertical(made[0][0], made[0][1], pointers, t->w);
    t->level->wavelet1_vertical(made[1][0], made[1][1], pointers, t->w);
    test_same(made[0][0], made[1][0], size, "the low half");
    test_same(made[0][1], made[1][1], size, "the high half");
    TEST_BENCH(t, t->level->wavelet1_vertical(made[1][0], made[1][1], pointers, t->w));
}

static void check_vertical(const Trial *t)
{
    static int32_t rows[4][ROW], made[2][2][ROW];
    const int32_t *pointers[4];
    const size_t size = (size_t)t->w * 4;

    if (!test_begin("wavelet_vertical", t))
        return;
    for (int k = 0; k < 4; k++) {
        test_numbers32(rows[k], ROW, -MOST32 / 2, MOST32 / 2);
        pointers[k] = rows[k] + VMT_PAD;
    }
    t->plain->wavelet_vertical(made[0][0], made[0][1], pointers, t->w);
    t->level->wavelet_vertical(made[1][0], made[1][1], pointers, t->w);
    test_same(made[0][0], made[1][0], size, "the low half");
    test_same(made[0][1], made[1][1], size, "the high half");
    TEST_BENCH(t, t->level->wavelet_vertical(made[1][0], made[1][1], pointers, t->w));
}

static void check_horizontal(const Trial *t, int shift)
{
    static int32_t row[ROW], made[2][2][ROW];
    const size_t size = (size_t)((t->w + 1) / 2) * 4;

    if (!test_begin("wavelet_horizontal", t))
        return;
    test_numbers32(row, ROW, -MOST32 / 2, MOST32 / 2);
    t->plain->wavelet_horizontal(made[0][0], made[0][1], row + VMT_PAD, t->w, shift);
    t->level->wavelet_horizontal(made[1][0], made[1][1], row + VMT_PAD, t->w, shift);
    test_same(made[0][0], made[1][0], size, "the low half");
    test_same(made[0][1], made[1][1], size, "the high half");
    TEST_BENCH(t, t->level->wavelet_horizontal(made[1][0], made[1][1], row + VMT_PAD, t->w,
                                               shift));
}

void test_wavelet(const Trial *t)
{
    check_samples(t);
    check_first(t);
    check_second(t);
    check_vertical(t);
    check_horizontal(t, 15);
    check_horizontal(t, 16);
}
