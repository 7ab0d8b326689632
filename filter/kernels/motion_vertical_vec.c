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

/* Add three pairs of rows, paired sample by sample, to either of the two rows' sums. */
V_INLINE void blur(V sum[2], const V row[6], int32_t start, const int half)
{
    static const int32_t taps[2][3] = {
        { V_TAPS(BLUR_OUTER, BLUR_INNER), V_TAPS(BLUR_CENTRE, BLUR_INNER), V_TAPS(BLUR_OUTER, 0) },
        { V_TAPS(0, BLUR_OUTER), V_TAPS(BLUR_INNER, BLUR_CENTRE), V_TAPS(BLUR_INNER, BLUR_OUTER) },
    };

    sum[0] = sum[1] = v_set32(start);
    for (int k = 0; k < 3; k++) {
        const V a = row[2 * k], b = row[2 * k + 1], pair = half ? v_high16(a, b) : v_low16(a, b);
        for (int i = 0; i < 2; i++)
            sum[i] = v_dot(sum[i], pair, v_set32(taps[i][k]));
    }
}

#if BITS == 8
V_INLINE void blurred(V out[2], const void *const a[6], const void *const b[6], int x, int bits,
                      const int half)
{
    V d[6];
    (void)bits;
    for (int k = 0; k < 6; k++)
        d[k] = v_sub16(v_load_u8((const uint8_t *)a[k] + x), v_load_u8((const uint8_t *)b[k] + x));
    blur(out, d, 128, half);
    for (int i = 0; i < 2; i++)
        out[i] = v_sar32(out[i], 8);
}
#else
V_INLINE void blur_rows(V out[2], const void *const rows[6], int x, const int half)
{
    V r[6];
    for (int k = 0; k < 6; k++)
        r[k] = v_bias(v_load((const uint16_t *)rows[k] + x));
    blur(out, r, 0, half);
}

V_INLINE V difference(V p, V q, int bits)
{
    const V carry = v_and(v_not_and(p, q), v_set32(1));
    V sum = v_sub32(v_sar32(p, 1), v_sar32(q, 1));
    sum = v_add32(sum, v_set32(1 << (bits - 2)));
    return v_sar32_by(v_sub32(sum, carry), bits - 1);
}

V_INLINE void blurred(V out[2], const void *const a[6], const void *const b[6], int x, int bits,
                      const int half)
{
    V p[2], q[2];
    blur_rows(p, a, x, half);
    blur_rows(q, b, x, half);
    for (int i = 0; i < 2; i++)
        out[i] = difference(p[i], q[i], bits);
}
#endif

/* Returns where values reach the last that fit 16 bits, which those do that do not fit. */
V_INLINE VM16 vertical(const VmtDifferences out[2], const void *const a[6], const void *const b[6],
                       int w, int bits, const int wide)
{
    const V one = v_set32(1);
    V most = v_set32(0), least = v_set32(0);

    for (int start = 0; start < w; start += V_16) {
        const int x = start + V_16 <= w ? start : w - V_16;
        V low[2], high[2];
        blurred(low, a, b, x, bits, 0);
        blurred(high, a, b, x, bits, 1);
        for (int i = 0; i < 2; i++) {
            const V value = wide ? v_pack_i16(v_sar32(low[i], 1), v_sar32(high[i], 1))
                                 : v_pack_i16(low[i], high[i]);
            v_store(out[i].value + x, value);
            if (wide)
                v_store(out[i].rest + x, v_pack_i16(v_and(low[i], one), v_and(high[i], one)));
            most = v_max16(most, value);
            least = v_min16(least, value);
        }
    }
    return v_greater16(v_max16(most, v_xor(least, v_set32(-1))), v_set16(32766));
}

int KB(motion_vertical)(const VmtDifferences out[2], const void *const a[6],
                        const void *const b[6], int w, int bits)
{
    if (!v_any16(vertical(out, a, b, w, bits, 0)))
        return 0;
    vertical(out, a, b, w, bits, 1);
    return 1;
}
