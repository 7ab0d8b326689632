// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Horizontal filters of VIF, in plain C: the definition the other levels must match.
 *
 * Means keep all 32 bits; second moments come in halves and are rounded by 16 bits, as in the
 * vertical pass. Differences are taken modulo 2^32 and read as signed.
 */
#include "kernels/kernel.h"
#include "kernels/vif_filter.h"

static const uint16_t vif_filter[VMT_SCALES][VMT_TAPS_MAX] = {
    { VIF_FILTER_0 }, { VIF_FILTER_1 }, { VIF_FILTER_2 }, { VIF_FILTER_3 },
};

/* What filtering values less 32768 lacks. */
#define BIAS 0x80000000u

static inline uint32_t weighted(uint16_t tap, int16_t value)
{
    return (uint32_t)((int32_t)tap * value);
}

/* Rounded product of two means, in the scale of the second moments. */
static inline uint32_t mean_product(uint32_t a, uint32_t b)
{
    return (uint32_t)(((uint64_t)a * b + 0x80000000u) >> 32);
}

static inline void horizontal_ref(uint32_t *restrict mean_row, int32_t *restrict var,
                                  const VmtMoments *in, int w, const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale), reach = taps / 2;
    const int16_t *restrict m = in->mean - reach;
    const int16_t *restrict h = in->high[0] - reach, *restrict l = in->low[0] - reach;

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        uint32_t mean = BIAS, high = BIAS, low = BIAS + 32768;
#pragma GCC unroll 17
        for (int k = 0; k < taps; k++) {
            mean += weighted(f[k], m[x + k]);
            high += weighted(f[k], h[x + k]);
            low += weighted(f[k], l[x + k]);
        }
        mean_row[x] = mean;
        var[x] = (int32_t)(high + (low >> 16) - mean_product(mean, mean));
    }
}

static inline void horizontal_dis(int32_t *restrict var, int32_t *restrict cov,
                                  const uint32_t *restrict ref_mean, const VmtMoments *in, int w,
                                  const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale), reach = taps / 2;
    const int16_t *restrict m = in->mean - reach;
    const int16_t *restrict h0 = in->high[0] - reach, *restrict l0 = in->low[0] - reach;
    const int16_t *restrict h1 = in->high[1] - reach, *restrict l1 = in->low[1] - reach;

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        uint32_t mean = BIAS, high0 = BIAS, low0 = BIAS + 32768, high1 = BIAS;
        uint32_t low1 = BIAS + 32768;
#pragma GCC unroll 17
        for (int k = 0; k < taps; k++) {
            mean += weighted(f[k], m[x + k]);
            high0 += weighted(f[k], h0[x + k]);
            low0 += weighted(f[k], l0[x + k]);
            high1 += weighted(f[k], h1[x + k]);
            low1 += weighted(f[k], l1[x + k]);
        }
        const int32_t v = (int32_t)(high0 + (low0 >> 16) - mean_product(mean, mean));
        var[x] = v > 0 ? v : 0;
        cov[x] = (int32_t)(high1 + (low1 >> 16) - mean_product(ref_mean[x], mean));
    }
}

static inline void down_horizontal(uint16_t *restrict out, const uint16_t *restrict row, int w,
                                   const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale), reach = taps / 2;

    INDEPENDENT
    for (int x = 0; x < w / 2; x++) {
        uint32_t mean = 32768;
#pragma GCC unroll 17
        for (int k = 0; k < taps; k++)
            mean += (uint32_t)f[k] * row[2 * x + k - reach];
        out[x] = (uint16_t)(mean >> 16);
    }
}

void K(vif_horizontal_ref)(uint32_t *mean, int32_t *var, const VmtMoments *in, int w, int scale)
{
    VIF_FOR_SCALE(scale, horizontal_ref, mean, var, in, w)
}

void K(vif_horizontal_dis)(int32_t *var, int32_t *cov, const uint32_t *ref_mean,
                           const VmtMoments *in, int w, int scale)
{
    VIF_FOR_SCALE(scale, horizontal_dis, var, cov, ref_mean, in, w)
}

void K(vif_down_horizontal)(uint16_t *out, const uint16_t *row, int w, int scale)
{
    VIF_FOR_SCALE(scale + 1, down_horizontal, out, row, w)
}
