// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Horizontal blur and sum, in vectors; see motion_horizontal.c for what it computes.
 *
 * Two values side by side in memory are a pair of v_dot(); the pairs that start at even columns
 * give the even outputs and, with the taps moved by one, the odd ones.
 */
#include "kernels/kernel.h"
#include "kernels/motion.h"
#include "kernels/vec.h"

/* Even and odd columns of V_16 from p on, added to start. */
V_INLINE void blur(V out[2], const int16_t *p, const V start[2])
{
    const V a = v_load(p - 2), b = v_load(p), c = v_load(p + 2);

    out[0] = v_dot(start[0], a, v_set32(V_TAPS(BLUR_OUTER, BLUR_INNER)));
    out[0] = v_dot(out[0], b, v_set32(V_TAPS(BLUR_CENTRE, BLUR_INNER)));
    out[0] = v_dot(out[0], c, v_set32(V_TAPS(BLUR_OUTER, 0)));
    out[1] = v_dot(start[1], a, v_set32(V_TAPS(0, BLUR_OUTER)));
    out[1] = v_dot(out[1], b, v_set32(V_TAPS(BLUR_INNER, BLUR_CENTRE)));
    out[1] = v_dot(out[1], c, v_set32(V_TAPS(BLUR_INNER, BLUR_OUTER)));
}

int64_t K(motion_horizontal)(const VmtDifferences *row, int w)
{
    const V half[2] = { v_set32(32768), v_set32(32768) };
    V total = v_set32(0); /* the longest row's differences of 16 bits fit */

    for (int x = 0; x < w; x += V_16) {
        V sum[2];
        blur(sum, row->rest + x, half);
        sum[0] = v_shr32(sum[0], 1);
        sum[1] = v_shr32(sum[1], 1);
        blur(sum, row->half + x, sum);
        const V even = v_abs32(v_sar32(sum[0], 15)), odd = v_abs32(v_sar32(sum[1], 15));
        total = v_add32(total, v_keep32(v_first32((w - x + 1) / 2), even));
        total = v_add32(total, v_keep32(v_first32((w - x) / 2), odd));
    }
    return v_sum64(v_add_pairs_u32(v_set64(0), total));
}
