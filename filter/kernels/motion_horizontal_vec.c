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

/* Even and odd blurs of V_16 from x on. */
V_INLINE void blur_differences(V sum[2], const VmtDifferences *row, int x, const int wide)
{
    const V half[2] = { v_set32(32768), v_set32(32768) };

    blur(sum, (wide ? row->rest : row->value) + x, half);
    if (wide) {
        sum[0] = v_shr32(sum[0], 1);
        sum[1] = v_shr32(sum[1], 1);
        blur(sum, row->value + x, sum);
    }
    for (int i = 0; i < 2; i++)
        sum[i] = v_abs32(v_sar32(sum[i], wide ? 15 : 16));
}

V_INLINE int64_t horizontal(const VmtDifferences *row, int w, const int wide)
{
    V total = v_set32(0), sum[2]; /* the longest row's differences of 16 bits fit */
    int x = 0;

    for (; x + V_16 <= w; x += V_16) {
        blur_differences(sum, row, x, wide);
        total = v_add32(total, v_add32(sum[0], sum[1]));
    }
    if (x < w) {
        blur_differences(sum, row, x, wide);
        total = v_add_where32(v_first32((w - x + 1) / 2), total, sum[0]);
        total = v_add_where32(v_first32((w - x) / 2), total, sum[1]);
    }
    return v_sum64(v_add_pairs_u32(v_set64(0), total));
}

int64_t K(motion_horizontal)(const VmtDifferences *row, int w, int wide)
{
    return wide ? horizontal(row, w, 1) : horizontal(row, w, 0);
}
