// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vertical blur of a difference of samples, in vectors; see motion_vertical.c for what it computes.
 *
 * Differences of 8-bit samples fit the lanes of v_dot(). 16-bit ones do not: each picture is
 * blurred, to A and B of 32 bits, and (A - B + half) >> bits is taken of halves, lest A - B
 * overflow: A / 2 - B / 2, less 1 where only B was odd.
 */
#include "kernels/kernel.h"
#include "kernels/motion.h"
#include "kernels/vec.h"

V_INLINE V blur(V a, V b, V c, V d, V e, int32_t start, const int half)
{
    const V zero = v_set32(0);
    V sum = v_set32(start);
    sum = v_dot(sum, half ? v_high16(a, b) : v_low16(a, b),
                v_set32(V_TAPS(BLUR_OUTER, BLUR_INNER)));
    sum = v_dot(sum, half ? v_high16(c, d) : v_low16(c, d),
                v_set32(V_TAPS(BLUR_CENTRE, BLUR_INNER)));
    return v_dot(sum, half ? v_high16(e, zero) : v_low16(e, zero),
                 v_set32(V_TAPS(BLUR_OUTER, 0)));
}

#if BITS == 8
V_INLINE V blurred(const void *const a[5], const void *const b[5], int x, int bits, const int half)
{
    V d[5];
    (void)bits;
    for (int k = 0; k < 5; k++)
        d[k] = v_sub16(v_load_u8((const uint8_t *)a[k] + x), v_load_u8((const uint8_t *)b[k] + x));
    return v_sar32(blur(d[0], d[1], d[2], d[3], d[4], 128, half), 8);
}
#else
V_INLINE V blur_rows(const void *const rows[5], int x, const int half)
{
    V r[5];
    for (int k = 0; k < 5; k++)
        r[k] = v_bias(v_load((const uint16_t *)rows[k] + x));
    return blur(r[0], r[1], r[2], r[3], r[4], 0, half);
}

V_INLINE V blurred(const void *const a[5], const void *const b[5], int x, int bits, const int half)
{
    const V p = blur_rows(a, x, half), q = blur_rows(b, x, half);
    const V carry = v_and(v_not_and(p, q), v_set32(1));
    V sum = v_sub32(v_sar32(p, 1), v_sar32(q, 1));
    sum = v_add32(sum, v_set32(1 << (bits - 2)));
    return v_sar32_by(v_sub32(sum, carry), bits - 1);
}
#endif

void KB(motion_vertical)(const VmtDifferences *out, const void *const a[5],
                         const void *const b[5], int w, int bits)
{
    const V one = v_set32(1);

    for (int start = 0; start < w; start += V_16) {
        const int x = start + V_16 <= w ? start : w - V_16;
        const V low = blurred(a, b, x, bits, 0), high = blurred(a, b, x, bits, 1);
        v_store(out->half + x, v_pack_i16(v_sar32(low, 1), v_sar32(high, 1)));
        v_store(out->rest + x, v_pack_i16(v_and(low, one), v_and(high, one)));
    }
}
