// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Horizontal filters of VIF, in plain C: the definition the other levels must match.
 *
 * Means keep all 32 bits; second moments are rounded by 16 bits, as in the vertical pass.
 * Differences are taken modulo 2^32 and read as signed.
 *
 * A filtered moment has 48 bits, which a double holds: the sums are exact. Of doubles even the
 * plainest vectors multiply two at once, after adding the two that share a tap.
 */
#include <string.h>

#include "kernels/kernel.h"
#include "kernels/vif_filter.h"

static const uint16_t vif_filter[VMT_SCALES][VMT_TAPS_MAX] = {
    { VIF_FILTER_0 }, { VIF_FILTER_1 }, { VIF_FILTER_2 }, { VIF_FILTER_3 },
};

/* Columns taken at a time, and what their filters read. */
enum { BLOCK = 128, READ = BLOCK + VMT_TAPS_MAX - 1 };

/* See VmtMoments for the form of the rows. */
static inline void read_means(double *restrict out, const int16_t *restrict mean, int n)
{
    for (int x = 0; x < n; x++)
        out[x] = mean[x] + 32768;
}

static inline void read_moments(double *restrict out, const int16_t *restrict high,
                                const int16_t *restrict low, int n)
{
    for (int x = 0; x < n; x++)
        out[x] = (high[x] * 65536 + (low[x] + 32768)) + 2147483648.0;
}

INLINE double filtered(const double *restrict v, const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int reach = vmt_vif_taps(scale) / 2;
    double sum = f[reach] * v[reach];

    UNROLL(8)
    for (int k = 0; k < reach; k++)
        sum += f[k] * (v[k] + v[2 * reach - k]);
    return sum;
}

/* The nearest integer to a number of 0 to 2^32: in the low bits, where the high ones are full. */
static inline uint32_t nearest(double x)
{
    uint64_t bits;
    x += 0x1p52;
    memcpy(&bits, &x, sizeof(bits));
    return (uint32_t)bits;
}

INLINE void filter_means(uint32_t *restrict out, const int16_t *mean, int n, const int scale)
{
    const int reach = vmt_vif_taps(scale) / 2;
    double v[READ];

    read_means(v, mean - reach, n + 2 * reach);
    for (int x = 0; x < n; x++)
        out[x] = nearest(filtered(v + x, scale));
}

/* A half is rounded up. */
INLINE void filter_moments(uint32_t *restrict out, const int16_t *high, const int16_t *low, int n,
                           const int scale)
{
    const int reach = vmt_vif_taps(scale) / 2;
    double v[READ];

    read_moments(v, high - reach, low - reach, n + 2 * reach);
    for (int x = 0; x < n; x++)
        out[x] = nearest((filtered(v + x, scale) + 0.5) / 65536);
}

/* Rounded product of two means, in the scale of the second moments. */
static inline uint32_t mean_product(uint32_t a, uint32_t b)
{
    return (uint32_t)(((uint64_t)a * b + 0x80000000u) >> 32);
}

INLINE void horizontal_ref(uint32_t *mean, int32_t *restrict var, const VmtMoments *in, int w,
                           const int scale)
{
    for (int start = 0; start < w; start += BLOCK) {
        const int n = w - start < BLOCK ? w - start : BLOCK;
        uint32_t square[BLOCK];
        filter_means(mean + start, in->mean + start, n, scale);
        filter_moments(square, in->high[0] + start, in->low[0] + start, n, scale);
        for (int x = 0; x < n; x++)
            var[start + x] =
                (int32_t)(square[x] - mean_product(mean[start + x], mean[start + x]));
    }
}

INLINE void horizontal_dis(int32_t *restrict var, int32_t *restrict cov,
                           const uint32_t *restrict ref_mean, const VmtMoments *in, int w,
                           const int scale)
{
    for (int start = 0; start < w; start += BLOCK) {
        const int n = w - start < BLOCK ? w - start : BLOCK;
        uint32_t mean[BLOCK], square[BLOCK], product[BLOCK];
        filter_means(mean, in->mean + start, n, scale);
        filter_moments(square, in->high[0] + start, in->low[0] + start, n, scale);
        filter_moments(product, in->high[1] + start, in->low[1] + start, n, scale);
        for (int x = 0; x < n; x++) {
            const int32_t v = (int32_t)(square[x] - mean_product(mean[x], mean[x]));
            var[start + x] = v > 0 ? v : 0;
            cov[start + x] =
                (int32_t)(product[x] - mean_product(ref_mean[start + x], mean[x]));
        }
    }
}

INLINE void down_horizontal(uint16_t *restrict out, const uint16_t *restrict row, int w,
                            const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale), reach = taps / 2;

    INDEPENDENT
    for (int x = 0; x < w / 2; x++) {
        uint32_t mean = 32768;
        UNROLL(17)
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
