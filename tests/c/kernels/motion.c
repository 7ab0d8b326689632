// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "kernels.h"

enum { TAPS = 5 };

static void check_vertical(const Trial *t)
{
    static uint16_t samples[2 * TAPS][WIDTH];
    static int16_t made[2][2][ROW];
    const VmtDifferences out[2] = { { made[0][0], made[0][1] }, { made[1][0], made[1][1] } };
    const void *a[TAPS], *b[TAPS];

    if (!test_begin("motion_vertical", t))
        return;
    for (int k = 0; k < TAPS; k++) {
        test_samples(samples[k], t->w, t->bits);
        test_samples(samples[TAPS + k], t->w, t->bits);
        a[k] = samples[k];
        b[k] = samples[TAPS + k];
    }
    t->plain->motion_vertical(&out[0], a, b, t->w, t->bits);
    t->level->motion_vertical(&out[1], a, b, t->w, t->bits);
    for (int i = 0; i < 2; i++)
        test_same(made[0][i], made[1][i], (size_t)t->w * 2, i ? "the rest" : "the half");
    TEST_BENCH(t, t->level->motion_vertical(&out[1], a, b, t->w, t->bits));
}

static void check_horizontal(const Trial *t)
{
    static int16_t half[ROW], rest[ROW];
    const VmtDifferences row = { half + VMT_PAD, rest + VMT_PAD };

    if (!test_begin("motion_horizontal", t))
        return;
    test_numbers16(half, ROW, -32768, 32767);
    test_numbers16(rest, ROW, 0, 1);
    const int64_t a = t->plain->motion_horizontal(&row, t->w);
    const int64_t b = t->level->motion_horizontal(&row, t->w);
    test_same(&a, &b, sizeof(a), "the sum");
    TEST_BENCH(t, (void)t->level->motion_horizontal(&row, t->w));
}

static void check_bits(const Trial *t)
{
    static uint16_t row[WIDTH];

    if (!test_begin("sample_bits", t))
        return;
    for (int x = 0; x < WIDTH; x++)
        row[x] = 0;
    const int at = (int)test_random((uint32_t)t->w);
    if (t->bits > 8)
        row[at] = (uint16_t)(1u << test_random(16));
    else
        ((uint8_t *)row)[at] = (uint8_t)(1u << test_random(8));
    const unsigned a = t->plain->sample_bits(row, t->w), b = t->level->sample_bits(row, t->w);
    test_same(&a, &b, sizeof(a), "the bits");
}

void test_motion(const Trial *t)
{
    check_vertical(t);
    check_horizontal(t);
    check_bits(t);
}
