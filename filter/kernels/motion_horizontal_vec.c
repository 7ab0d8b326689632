// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Horizontal blur and sum, in vectors; see motion_horizontal.c for what it computes.
 *
 * The rows have 17 bits and a sign. Of y = 2 h + r, h fits the lanes of v_dot(), and
 * (sum g y + 32768) >> 16 is (sum g h + (sum g r + 32768) / 2) >> 15, within 32 bits.
 */
#include "kernels/kernel.h"
#include "kernels/motion.h"
#include "kernels/vec.h"

/* Pairs of lanes of 16 bits: those of a row from p on, and one further. */
V_INLINE V pairs(V first, V second)
{
    return v_or(v_and(first, v_set32(0xffff)), v_shl32(second, 16));
}

V_INLINE V blur(const V v[5], V start)
{
    V sum = v_dot(start, pairs(v[0], v[1]), v_set32(V_TAPS(BLUR_OUTER, BLUR_INNER)));
    sum = v_dot(sum, pairs(v[2], v[3]), v_set32(V_TAPS(BLUR_CENTRE, BLUR_INNER)));
    return v_dot(sum, v[4], v_set32(V_TAPS(BLUR_OUTER, 0)));
}

int64_t K(motion_horizontal)(const int32_t *row, int w)
{
    const V one = v_set32(1);
    V total = v_set64(0);

    for (int x = 0; x < w; x += V_32) {
        V half[5], rest[5];
        for (int k = 0; k < 5; k++) {
            const V y = v_load(row + x - 2 + k);
            half[k] = v_sar32(y, 1);
            rest[k] = v_and(y, one);
        }
        const V start = v_shr32(blur(rest, v_set32(32768)), 1);
        const V sad = v_abs32(v_sar32(blur(half, start), 15));
        total = v_add_pairs_u32(total, v_and(sad, v_first32(w - x)));
    }
    return v_sum64(total);
}
