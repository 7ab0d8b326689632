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

/* The bits of a sum of filtered samples below the point, after normalising to BITS. */
enum { MEAN_SHIFT = BITS };

/* The rows that a filter reads. As pointers of its own, a loop need not fetch them again. */
typedef struct Rows {
    const Sample *row[VMT_TAPS_MAX];
} Rows;

INLINE Rows rows_of(const void *const *rows, const int scale)
{
    Rows own;

    UNROLL(17)
    for (int k = 0; k < vmt_vif_taps(scale); k++)
        own.row[k] = rows[k];
    return own;
}

/* Of 8 bits there are never fewer. */
static inline uint16_t normal(const Sample *row, int x, int shift)
{
    return BITS == 8 ? row[x] : (uint16_t)(row[x] << shift);
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

/* Sums over the rows of a column: the mean before it is cut, second moments done. */
typedef struct Sums {
    uint32_t mean, square, product;
} Sums;

#if BITS == 8
/*
 * A tap serves a row and its mirror image at once. What is summed of the two fits 16 signed bits,
 * which a vector multiplies eight at a time: b (b - 255) for the square, (a - 128) (b - 127) for
 * the product. The multiples of a and b by which these are wrong are taken off at the end.
 */
static inline int16_t square_of(uint16_t b)
{
    return (int16_t)(b * (b - 255));
}

static inline int16_t product_of(uint16_t a, uint16_t b)
{
    return (int16_t)((a - 128) * (b - 127));
}

static inline uint32_t weighted(uint16_t f, int32_t pair)
{
    return (uint32_t)((int32_t)f * (int16_t)pair);
}

INLINE Sums sum_column(const Rows *ref, const Rows *dis, int x, int shift, const int both,
                       const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int reach = vmt_vif_taps(scale) / 2;
    const uint16_t a = normal(ref->row[reach], x, shift), b = normal(dis->row[reach], x, shift);
    uint32_t ref_mean = weighted(f[reach], a);
    Sums sums = { weighted(f[reach], b), weighted(f[reach], square_of(b)),
                  weighted(f[reach], product_of(a, b)) };

    UNROLL(8)
    for (int k = 0; k < reach; k++) {
        const uint16_t c = normal(dis->row[k], x, shift);
        const uint16_t d = normal(dis->row[2 * reach - k], x, shift);
        sums.mean += weighted(f[k], c + d);
        sums.square += weighted(f[k], square_of(c) + square_of(d));
        if (both) {
            const uint16_t e = normal(ref->row[k], x, shift);
            const uint16_t g = normal(ref->row[2 * reach - k], x, shift);
            ref_mean += weighted(f[k], e + g);
            sums.product += weighted(f[k], product_of(e, c) + product_of(g, d));
        }
    }
    sums.square += 255 * sums.mean;
    sums.product += 127 * ref_mean + 128 * sums.mean - 127u * 128 * 65536;
    sums.mean += 128;
    return sums;
}
#else
/* A sum of 32-bit numbers in halves. */
typedef struct Halves {
    uint32_t high, low;
} Halves;

static inline void add_product(Halves *sum, uint16_t f, uint16_t a, uint16_t b)
{
    const uint32_t product = (uint32_t)a * b;
    sum->high += (uint32_t)f * (uint16_t)(product >> 16);
    sum->low += (uint32_t)f * (uint16_t)product;
}

static inline uint32_t second_moment(Halves sum)
{
    return sum.high + ((sum.low + 32768) >> 16);
}

INLINE Sums sum_column(const Rows *ref, const Rows *dis, int x, int shift, const int both,
                       const int scale)
{
    const uint16_t *f = vif_filter[scale];
    uint32_t mean = 32768;
    Halves square = { 0 }, product = { 0 };

    UNROLL(17)
    for (int k = 0; k < vmt_vif_taps(scale); k++) {
        const uint16_t b = normal(dis->row[k], x, shift);
        mean += (uint32_t)f[k] * b;
        add_product(&square, f[k], b, b);
        if (both)
            add_product(&product, f[k], normal(ref->row[k], x, shift), b);
    }
    return (Sums){ mean, second_moment(square), second_moment(product) };
}
#endif

INLINE void vertical_ref(int16_t *restrict mean, int16_t *restrict high, int16_t *restrict low,
                         const void *const *rows, int w, int shift, const int scale)
{
    const Rows ref = rows_of(rows, scale);

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        const Sums sums = sum_column(&ref, &ref, x, shift, 0, scale);
        mean[x] = biased(sums.mean >> MEAN_SHIFT);
        put(high, low, x, sums.square);
    }
}

INLINE void vertical_dis(int16_t *restrict mean, int16_t *restrict high0, int16_t *restrict low0,
                         int16_t *restrict high1, int16_t *restrict low1,
                         const void *const *ref_rows, const void *const *dis_rows, int w,
                         int shift, const int scale)
{
    const Rows ref = rows_of(ref_rows, scale), dis = rows_of(dis_rows, scale);

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        const Sums sums = sum_column(&ref, &dis, x, shift, 1, scale);
        mean[x] = biased(sums.mean >> MEAN_SHIFT);
        put(high0, low0, x, sums.square);
        put(high1, low1, x, sums.product);
    }
}

INLINE void down_vertical(uint16_t *restrict out, const void *const *rows, int w, int shift,
                          const int scale)
{
    const uint16_t *f = vif_filter[scale];
    const int taps = vmt_vif_taps(scale);
    const Rows own = rows_of(rows, scale);

    INDEPENDENT
    for (int x = 0; x < w; x++) {
        uint32_t mean = 1u << (MEAN_SHIFT - 1);
        UNROLL(17)
        for (int k = 0; k < taps; k++)
            mean += (uint32_t)f[k] * normal(own.row[k], x, shift);
        out[x] = (uint16_t)(mean >> MEAN_SHIFT);
    }
}

void KB(vif_vertical_ref)(const VmtMoments *out, const void *const *ref, int rows, int w,
                          int scale, int bits)
{
    for (int i = 0; i < rows; i++)
        VIF_FOR_SCALE(scale, vertical_ref, out[i].mean, out[i].high[0], out[i].low[0], ref + i, w,
                      BITS - bits)
}

void KB(vif_vertical_dis)(const VmtMoments *out, const void *const *ref, const void *const *dis,
                          int rows, int w, int scale, int bits)
{
    for (int i = 0; i < rows; i++)
        VIF_FOR_SCALE(scale, vertical_dis, out[i].mean, out[i].high[0], out[i].low[0],
                      out[i].high[1], out[i].low[1], ref + i, dis + i, w, BITS - bits)
}

void KB(vif_down_vertical)(uint16_t *const out[2], const void *const *rows, int w, int scale,
                           int bits)
{
    for (int i = 0; i < 2; i++)
        VIF_FOR_SCALE(scale + 1, down_vertical, out[i], rows + 2 * i, w, BITS - bits)
}
