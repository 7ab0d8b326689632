// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * VIF's taps in pairs, for v_dot().
 *
 * The same pairs of values give two outputs: one whose filter starts at the first value of the
 * first pair, and one whose filter starts at the second. A tap of the last scale does not fit 16
 * bits; it is used in halves, the second of which stands in a pair of its own.
 */
#ifndef VMT_KERNELS_VIF_TAPS_VEC_H
#define VMT_KERNELS_VIF_TAPS_VEC_H

#include "kernels/vec.h"
#include "kernels/vif_filter.h"

/* Half of the tap that is too large, or 0. */
V_INLINE int vif_rest(int scale, int k)
{
    return scale == 3 && k == 1 ? vif_filter[3][1] / 2 : 0;
}

V_INLINE int vif_tap(int scale, int k)
{
    return k < 0 || k >= vmt_vif_taps(scale) ? 0 : vif_filter[scale][k] - vif_rest(scale, k);
}

/* Add a pair of values, times the taps from number k on. */
V_INLINE V vif_add(V sum, V pair, int scale, int k)
{
    sum = v_dot(sum, pair, v_set32(V_TAPS(vif_tap(scale, k), vif_tap(scale, k + 1))));
    if (vif_rest(scale, k) || vif_rest(scale, k + 1))
        sum = v_dot(sum, pair, v_set32(V_TAPS(vif_rest(scale, k), vif_rest(scale, k + 1))));
    return sum;
}

/* Add pair k to the first output, or to both. */
V_INLINE V vif_add_first(V sum, V pair, int scale, int k)
{
    return vif_add(sum, pair, scale, 2 * k);
}

V_INLINE void vif_add_pair(V sum[2], V pair, int scale, int k)
{
    sum[0] = vif_add(sum[0], pair, scale, 2 * k);
    sum[1] = vif_add(sum[1], pair, scale, 2 * k - 1);
}

#endif
