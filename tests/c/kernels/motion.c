// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "kernels.h"

enum { ROWS = 6 };

/* Rows of white where another is black differ by more than 16 bits. */
static void fill(const Trial *t, uint16_t samples[2 * ROWS][WIDTH])
{
    const int wide = test_random(4) == 0, white = (1 << t->bits) - 1;

    for (int k = 0; k < 2 * ROWS; k++) {
        test_samples(samples[k], t->w, t->bits);
        for (int x = 0; wide && x < t->w; x++) {
            if (t->bits == 8)
                ((uint8_t *)samples[k])[x] = (uint8_t)(k < ROWS ? white : 0);
            else
                samples[k][x] = (uint16_t)(k < ROWS ? white : 0);
        }
    }
}

static void check_vertical(const Trial *t)
{
    static uint16_t samples[2 * ROWS][WIDTH];
    static int16_t made[2][4][ROW];
    VmtDifferences out[2][2];
    const void *a[ROWS], *b[ROWS];

    if (!test_begin("motion_vertical", t))
        return;
    fill(t, samples);
    for (int k = 0; k < ROWS; k++) {
        a[k] = samples[k];
        b[k] = samples[ROWS + k];
    }
    for (int i = 0; i < 2; i++)
        for (int row = 0; row < 2; row++)
            out[i][row] = (VmtDifferences){ made[i][row], made[i][2 + row] };
    const int expected = t->plain->motion_vertical(out[0], a, b, t->w, t->bits);
    const int found = t->level->motion_vertical(out[1], a, b, t->w, t->bits);
    test_same(&expected, &found, sizeof(found), "whether it is wide");
    for (int i = 0; i < (expected ? 4 : 2); i++)
        test_same(made[0][i], made[1][i], (size_t)t->w * 2, i < 2 ? "the value" : "the rest");
    TEST_BENCH(t, (void)t->level->motion_vertical(out[1], a, b, t->w, t->bits));
}

static void check_horizontal(const Trial *t)
{
    static int16_t value[ROW], rest[ROW];
    const VmtDifferences row = { value + VMT_PAD, rest + VMT_PAD };
    const int wide = (int)test_random(2);

    if (!test_begin("motion_horizontal", t))
        return;
    test_numbers16(value, ROW, wide ? -32768 : -32767, wide ? 32767 : 32766);
    test_numbers16(rest, ROW, 0, 1);
    const int64_t a = t->plain->motion_horizontal(&row, t->w, wide);
    const int64_t b = t->level->motion_horizontal(&row, t->w, wide);
    test_same(&a, &b, sizeof(a), "the sum");
    TEST_BENCH(t, (void)t->level->motion_horizontal(&row, t->w, wide));
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
