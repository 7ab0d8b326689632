// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vertical filters of VIF, in plain C: the definition the other levels must match.
 *
 * Samples of more than 8 bits are brought to 16 by a shift, after which one rounding by 16 bits
 * serves every depth. Second moments of 16-bit samples are filtered in halves: with
 * v = 65536 h + l, (sum f v + 32768) >> 16 = sum f h + ((sum f l + 32768) >> 16), and all sums fit
 * 32 bits because the taps sum to 65536. At 8 bits products fit 16 bits and libvmaf does not
 * round them.
 */
#include "kernels/kernel.h"
#include "kernels/vif_filter.h"

static const uint16_t vif_filter[VMT_SCALES][VMT_TAPS_MAX] = {
    { VIF_FILTER_0 }, { VIF_FILTER_1 }, { VIF_FILTER_2 }, { VIF_FILTER_3 },
};

#if BITS == 8
typedef struct Sum {
    uint32_t low;
} Sum;

static inline void add_product(Sum *sum, uint16_t f, uint16_t a, uint16_t b)
{
    sum->low += (uint32_t)f * (uint16_t)(a * b);
}

static inline uint32_t second_moment(Sum sum)
{
    return sum.low;
}
#else
typedef struct Sum {
    uint32_t high, low;
} Sum;

static inline void add_product(Sum *sum, uint16_t f, uint16_t a, uint16_t b)
{
    const uint32_t product = (uint32_t)a * b;
    sum->high += (uint32_t)f * (uint16_t)(product >> 16);
    sum->low += (uint32_t)f * (uint16_t)product;
}

static inline uint32_t second_moment(Sum sum)
{
    return sum.high + ((sum.low + 32768) >> 16);
}
#endif

/* The bits of a sum of filtered samples below the point, after normalising to BITS. */
enum { MEAN_SHIFT = BITS };

static inline uint16_t normal(const void *row, int x, int shift)
{
    return (uint16_t)(((const Sample *)row)[x] << shift);
}

/* See VmtMoments. */
static inline int16_t biased(uint32_t value)
{
    return (int16_t)(value ^ 32768);
}

static inline void put(int16_t *high, int16_t *low, int x, uint32_t value)
{
    high[x] = biased(value >> 16);
    low[x] = biased(value);
}

static inline void vertical_ref(const VmtMoments *out, const void *const *ref, int w, int shift,
                                const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale);
    int16_t *restrict mean_row = out->mean;
    int16_t *restrict high = out->high[0], *restrict low = out->low[0];

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        uint32_t mean = 1u << (MEAN_SHIFT - 1);
        Sum square = { 0 };
#pragma GCC unroll 17
        for (int k = 0; k < taps; k++) {
            const uint16_t a = normal(ref[k], x, shift);
            mean += (uint32_t)f[k] * a;
            add_product(&square, f[k], a, a);
        }
        mean_row[x] = biased(mean >> MEAN_SHIFT);
        put(high, low, x, second_moment(square));
    }
}

static inline void vertical_dis(const VmtMoments *out, const void *const *ref,
                                const void *const *dis, int w, int shift, const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale);
    int16_t *restrict mean_row = out->mean;
    int16_t *restrict high0 = out->high[0], *restrict low0 = out->low[0];
    int16_t *restrict high1 = out->high[1], *restrict low1 = out->low[1];

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        uint32_t mean = 1u << (MEAN_SHIFT - 1);
        Sum square = { 0 }, product = { 0 };
#pragma GCC unroll 17
        for (int k = 0; k < taps; k++) {
            const uint16_t a = normal(ref[k], x, shift), b = normal(dis[k], x, shift);
            mean += (uint32_t)f[k] * b;
            add_product(&square, f[k], b, b);
            add_product(&product, f[k], a, b);
        }
        mean_row[x] = biased(mean >> MEAN_SHIFT);
        put(high0, low0, x, second_moment(square));
        put(high1, low1, x, second_moment(product));
    }
}

static inline void down_vertical(uint16_t *restrict out, const void *const *rows, int w, int shift,
                                 const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale);

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        uint32_t mean = 1u << (MEAN_SHIFT - 1);
#pragma GCC unroll 17
        for (int k = 0; k < taps; k++)
            mean += (uint32_t)f[k] * normal(rows[k], x, shift);
        out[x] = (uint16_t)(mean >> MEAN_SHIFT);
    }
}

void KB(vif_vertical_ref)(const VmtMoments out[2], const void *const *ref, int w, int scale,
                          int bits)
{
    for (int i = 0; i < 2; i++)
        VIF_FOR_SCALE(scale, vertical_ref, &out[i], ref + i, w, BITS - bits)
}

void KB(vif_vertical_dis)(const VmtMoments out[2], const void *const *ref,
                          const void *const *dis, int w, int scale, int bits)
{
    for (int i = 0; i < 2; i++)
        VIF_FOR_SCALE(scale, vertical_dis, &out[i], ref + i, dis + i, w, BITS - bits)
}

void KB(vif_down_vertical)(uint16_t *out, const void *const *rows, int w, int scale, int bits)
{
    VIF_FOR_SCALE(scale + 1, down_vertical, out, rows, w, BITS - bits)
}
