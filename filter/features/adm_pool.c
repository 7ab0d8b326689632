// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/adm_pool.h"

#include "features/cube_root.h"

/*
 * Contrast sensitivity for luma after Watson, Yang, Solomon, Villasenor, "Visibility of wavelet
 * quantization noise", IEEE TIP 6(8), 1997, at three picture heights of 1080 rows; H and V, then D.
 * The cubes are of the binary32 values, in double. In 32 fraction bits they are what the kernels
 * multiply with.
 */
static const double csf_cubed[VMT_SCALES][2] = {
    { 0x1.60682e40ca298p-18, 0x1.b6f67955c18e8p-23 },
    { 0x1.127cb41f44aabp-15, 0x1.88675620541cbp-19 },
    { 0x1.5638de3f6e459p-14, 0x1.e740af5557bdcp-17 },
    { 0x1.8f9f6fa0b6d35p-14, 0x1.018b80fefe987p-15 },
};
static const int32_t csf_fixed[VMT_SCALES][2] = {
    { 0, 0 }, /* level 0 has its own scaling, in its kernels */
    { 137373792, 61414028 },
    { 186284160, 104783920 },
    { 196165808, 134487184 },
};

static int ceil_log2(int64_t n)
{
    int bits = 0;
    while (((int64_t)1 << bits) < n)
        bits++;
    return bits;
}

static double power_of_two(int exponent)
{
    return exponent < 0 ? 1.0 / (double)((int64_t)1 << -exponent)
                        : (double)((int64_t)1 << exponent);
}

static int at_least_zero(int n)
{
    return n > 0 ? n : 0;
}

static int64_t counted(const VmtAdmArea *area)
{
    return (int64_t)(area->w - 2 * area->left) * (area->h - 2 * area->top);
}

void vmt_adm_area(VmtAdmArea *area, int w, int h, int level)
{
    static const int den_square[VMT_SCALES] = { 0, 31, 30, 31 };

    area->w = w;
    area->h = h;
    area->left = at_least_zero((w - 5) / 10);
    area->top = at_least_zero((h - 5) / 10);
    area->num_row_shift = ceil_log2(h);
    area->den_square = den_square[level];
    if (level == 0) {
        area->num_shift = at_least_zero(ceil_log2(w) - 4);
        area->den_row_shift = at_least_zero(ceil_log2(counted(area)) - 20);
        area->den_shift = 0;
    } else {
        area->num_shift = ceil_log2(w);
        area->den_row_shift = ceil_log2(h - 2 * area->top);
        area->den_shift = ceil_log2(w - 2 * area->left);
    }
}

void vmt_adm_numbers(VmtAdmLevel *numbers, const VmtAdmArea *area, int level, double gain_limit)
{
    numbers->gain_limit = gain_limit;
    for (int i = 0; i < 3; i++)
        numbers->csf[i] = csf_fixed[level][i == VMT_BAND_D];
    numbers->num_shift = area->num_shift;
    numbers->den_square = area->den_square;
    numbers->den_shift = area->den_shift;
}

/* What a level without any detail scores; keeps flat pictures from dividing 0 by 0. */
static float floor_of(const VmtAdmArea *area)
{
    return vmt_cube_root((float)((double)counted(area) * 0.03125));
}

static float add_up(const float part[3])
{
    return part[VMT_BAND_H] + part[VMT_BAND_V] + part[VMT_BAND_D];
}

float vmt_adm_num(const int64_t visible[3], const VmtAdmArea *area, int level)
{
    static const int exponent[VMT_SCALES] = { 52, 45, 39, 36 };
    float part[3];

    for (int i = 0; i < 3; i++) {
        float sum;
        if (level == 0) {
            /* The diagonal is kept 2^5 larger, of which its samples lose one bit more. */
            const int e = (i == VMT_BAND_D ? 57 - 1 : 52) - area->num_shift - area->num_row_shift;
            sum = (float)((double)visible[i] / power_of_two(e));
        } else {
            const int e = exponent[level] - area->num_shift - area->num_row_shift;
            sum = (float)visible[i] / (float)power_of_two(e);
        }
        part[i] = vmt_cube_root(sum) + floor_of(area);
    }
    return add_up(part);
}

float vmt_adm_den(const uint64_t cubes[3], const VmtAdmArea *area, int level)
{
    static const int exponent[VMT_SCALES] = { 18, 32, 27, 23 };
    const int e = exponent[level] - area->den_row_shift - area->den_shift;
    float part[3];

    for (int i = 0; i < 3; i++) {
        const double csf = (double)cubes[i] / power_of_two(e) * csf_cubed[level][i == VMT_BAND_D];
        part[i] = vmt_cube_root((float)csf) + floor_of(area);
    }
    return add_up(part);
}

double vmt_adm_score(double num, double den, int w, int h)
{
    const double limit = 1e-10 * ((double)w * h) / (1920.0 * 1080.0);

    if (num < limit)
        num = 0;
    if (den < limit)
        den = 0;
    return den == 0 ? 1 : num / den;
}
