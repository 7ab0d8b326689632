// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * VIF's taps in pairs, for v_dot().
 *
 * The same pairs of values give two outputs: one whose filter starts at the first value of the
 * first pair, and one whose filter starts at the second. A tap of the last scale does not fit 16
 * bits; it is used in halves, the second of which stands in pairs of its own.
 */
#ifndef VMT_KERNELS_VIF_TAPS_VEC_H
#define VMT_KERNELS_VIF_TAPS_VEC_H

#include "kernels/vec.h"
#include "kernels/vif_filter.h"

/* [scale][1 + k]: taps k and k + 1, where taps -1 and past the last are 0. */
#define P V_ALL_TAPS
#define PAIRS_3(a, b, c) P(0, a), P(a, (b) / 2), P((b) / 2, c), P(c, 0)
#define PAIRS_5(a, b, c, d, e) P(0, a), P(a, b), P(b, c), P(c, d), P(d, e), P(e, 0)
#define PAIRS_9(a, b, c, d, e, f, g, h, i) \
    P(0, a), P(a, b), P(b, c), P(c, d), P(d, e), P(e, f), P(f, g), P(g, h), P(h, i), P(i, 0)
#define PAIRS_17(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)                             \
    P(0, a), P(a, b), P(b, c), P(c, d), P(d, e), P(e, f), P(f, g), P(g, h), P(h, i), P(i, j),   \
        P(j, k), P(k, l), P(l, m), P(m, n), P(n, o), P(o, p), P(p, q), P(q, 0)
#define EXPAND(pairs, ...) pairs(__VA_ARGS__)

static const VTaps vif_taps[VMT_SCALES][VMT_TAPS_MAX + 1] = {
    { EXPAND(PAIRS_17, VIF_FILTER_0) },
    { EXPAND(PAIRS_9, VIF_FILTER_1) },
    { EXPAND(PAIRS_5, VIF_FILTER_2) },
    { EXPAND(PAIRS_3, VIF_FILTER_3) },
};

/* The other half of tap 1 of the last scale: as the second of a pair, and as the first. */
#define REST_3(a, b, c) P(0, (b) / 2), P((b) / 2, 0)
static const VTaps vif_rest[2] = { EXPAND(REST_3, VIF_FILTER_3) };

#undef P
#undef PAIRS_3
#undef PAIRS_5
#undef PAIRS_9
#undef PAIRS_17
#undef REST_3
#undef EXPAND

/* The taps that meet pair k of the values: for the first output and for the second. */
typedef struct VifTaps {
    V first, second, rest;
} VifTaps;

V_INLINE VifTaps vif_load_taps(int scale, int k)
{
    const VTaps *taps = vif_taps[scale] + 2 * k;
    const V first = v_taps(taps + 1), second = v_taps(taps);
    return (VifTaps){ first, second, scale == 3 ? v_taps(&vif_rest[k & 1]) : first };
}

/* Add pair k to the first output, or to both. */
V_INLINE V vif_add_first(V sum, V pair, const VifTaps *taps, int scale, int k)
{
    sum = v_dot(sum, pair, taps->first);
    return scale == 3 && k == 0 ? v_dot(sum, pair, taps->rest) : sum;
}

V_INLINE void vif_add_pair(V sum[2], V pair, const VifTaps *taps, int scale, int k)
{
    sum[0] = vif_add_first(sum[0], pair, taps, scale, k);
    sum[1] = v_dot(sum[1], pair, taps->second);
    if (scale == 3 && k == 1)
        sum[1] = v_dot(sum[1], pair, taps->rest);
}

#endif
