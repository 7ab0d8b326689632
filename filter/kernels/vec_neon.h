// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vectors of Advanced SIMD (NEON) as every 64-bit Arm CPU has it, little endian. See vec.h.
 *
 * Operators work on vectors lane by lane, in gcc and in clang; lanes are unsigned lest a sum that
 * wraps be undefined.
 */
#ifndef VMT_KERNELS_VEC_NEON_H
#define VMT_KERNELS_VEC_NEON_H

#include <arm_neon.h>

#define V_BYTES 16
#define V_REGISTERS 32
#define V_PICK 8
typedef uint32x4_t V;
typedef V VM, VM16, VM64;

/* clang-format off */
V_INLINE V v_set32(int32_t x) { return (V)vdupq_n_s32(x); }
V_INLINE V v_set64(int64_t x) { return (V)vdupq_n_s64(x); }
V_INLINE V v_and(V a, V b) { return a & b; }
V_INLINE V v_or(V a, V b) { return a | b; }
V_INLINE V v_xor(V a, V b) { return a ^ b; }
V_INLINE V v_and_or(V a, V b, V c) { return (a & b) | c; }
V_INLINE V v_not_and(V a, V b) { return ~a & b; }

V_INLINE V v_add32(V a, V b) { return a + b; }
V_INLINE V v_sub32(V a, V b) { return a - b; }
V_INLINE V v_mul32(V a, V b) { return a * b; }
V_INLINE V v_max32(V a, V b) { return (V)vmaxq_s32((int32x4_t)a, (int32x4_t)b); }
V_INLINE V v_min32(V a, V b) { return (V)vminq_s32((int32x4_t)a, (int32x4_t)b); }
V_INLINE V v_min_u32(V a, V b) { return vminq_u32(a, b); }
V_INLINE V v_abs32(V v) { return (V)vabsq_s32((int32x4_t)v); }

V_INLINE VM v_greater32(V a, V b) { return vcgtq_s32((int32x4_t)a, (int32x4_t)b); }
V_INLINE VM v_nonzero32(V v) { return vtstq_u32(v, v); }
V_INLINE VM v_both(VM a, VM b) { return a & b; }
V_INLINE VM v_but(VM a, VM b) { return a & ~b; }
V_INLINE int v_any(VM mask) { return vmaxvq_u32(mask) != 0; }
V_INLINE int v_count(VM mask) { return -vaddvq_s32((int32x4_t)mask); }
V_INLINE V v_add_where32(VM mask, V sum, V v) { return sum + (mask & v); }
V_INLINE V v_keep32(VM mask, V v) { return mask & v; }
V_INLINE V v_select32(VM mask, V a, V b) { return vbslq_u32(mask, a, b); }

V_INLINE VM16 v_greater16(V a, V b) { return (VM16)vcgtq_s16((int16x8_t)a, (int16x8_t)b); }
V_INLINE VM16 v_both16(VM16 a, VM16 b) { return a & b; }
V_INLINE int v_any16(VM16 mask) { return v_any(mask); }
V_INLINE V v_select16(VM16 mask, V a, V b) { return vbslq_u32(mask, a, b); }

/* The mask of what v_low16() and v_high16() paired of two masks of their pairs. */
V_INLINE VM16 v_pack_masks(VM low, VM high)
{
    return (VM16)vuzp1q_u16((uint16x8_t)low, (uint16x8_t)high);
}

V_INLINE V v_add64(V a, V b) { return (V)((uint64x2_t)a + (uint64x2_t)b); }
V_INLINE V v_mul_even_u32(V a, V b)
{
    return (V)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
}
V_INLINE V v_mul_even_i32(V a, V b)
{
    return (V)vmull_s32(vmovn_s64((int64x2_t)a), vmovn_s64((int64x2_t)b));
}
V_INLINE V v_blend_odd16(V even, V odd) { return vbslq_u32(v_set32(0xffff), even, odd); }
V_INLINE V v_blend_odd32(V even, V odd)
{
    return vbslq_u32((V)vdupq_n_u64(0xffffffff), even, odd);
}

V_INLINE V v_shr32(V v, int n) { return v >> n; }
V_INLINE V v_sar32(V v, int n) { return (V)((int32x4_t)v >> n); }
V_INLINE V v_shl32(V v, int n) { return v << n; }
V_INLINE V v_shr64(V v, int n) { return (V)((uint64x2_t)v >> n); }
V_INLINE V v_sar32_by(V v, int n) { return v_sar32(v, n); }
V_INLINE V v_shl16_by(V v, int n) { return (V)((uint16x8_t)v << n); }
V_INLINE V v_shr64_by(V v, int n) { return v_shr64(v, n); }
V_INLINE V v_sar64_by(V v, int n) { return (V)((int64x2_t)v >> n); }
V_INLINE V v_shl32_each(V v, V n) { return v << n; }
V_INLINE V v_shr32_each(V v, V n) { return v >> n; }
V_INLINE V v_shl64_each(V v, V n) { return (V)((uint64x2_t)v << (uint64x2_t)n); }
V_INLINE V v_shr64_each(V v, V n) { return (V)((uint64x2_t)v >> (uint64x2_t)n); }

V_INLINE V v_set16(int16_t x) { return (V)vdupq_n_s16(x); }
V_INLINE V v_add16(V a, V b) { return (V)((uint16x8_t)a + (uint16x8_t)b); }
V_INLINE V v_sub16(V a, V b) { return (V)((uint16x8_t)a - (uint16x8_t)b); }
V_INLINE V v_mul16(V a, V b) { return (V)((uint16x8_t)a * (uint16x8_t)b); }
V_INLINE V v_mul_high_u16(V a, V b)
{
    const uint16x8_t p = (uint16x8_t)a, q = (uint16x8_t)b;
    const uint32x4_t low = vmull_u16(vget_low_u16(p), vget_low_u16(q));
    return (V)vuzp2q_u16((uint16x8_t)low, (uint16x8_t)vmull_high_u16(p, q));
}
V_INLINE V v_max16(V a, V b) { return (V)vmaxq_s16((int16x8_t)a, (int16x8_t)b); }
V_INLINE V v_min16(V a, V b) { return (V)vminq_s16((int16x8_t)a, (int16x8_t)b); }
V_INLINE V v_abs16(V v) { return (V)vabsq_s16((int16x8_t)v); }
V_INLINE V v_sar16(V v, int n) { return (V)((int16x8_t)v >> n); }
V_INLINE V v_mul_high_i16(V a, V b)
{
    const int16x8_t p = (int16x8_t)a, q = (int16x8_t)b;
    const int32x4_t low = vmull_s16(vget_low_s16(p), vget_low_s16(q));
    return (V)vuzp2q_u16((uint16x8_t)low, (uint16x8_t)vmull_high_s16(p, q));
}
V_INLINE V v_mul_round16(V a, V b) { return (V)vqrdmulhq_s16((int16x8_t)a, (int16x8_t)b); }
V_INLINE V v_low16(V a, V b) { return (V)vzip1q_u16((uint16x8_t)a, (uint16x8_t)b); }
V_INLINE V v_high16(V a, V b) { return (V)vzip2q_u16((uint16x8_t)a, (uint16x8_t)b); }

/* Cut off, as the values fit; and the nearest that fits. */
V_INLINE V v_pack_u16(V a, V b) { return (V)vuzp1q_u16((uint16x8_t)a, (uint16x8_t)b); }
V_INLINE V v_pack_i16(V a, V b)
{
    return (V)vqmovn_high_s32(vqmovn_s32((int32x4_t)a), (int32x4_t)b);
}

V_INLINE V v_dot(V sum, V a, V b)
{
    const int16x8_t p = (int16x8_t)a, q = (int16x8_t)b;
    const int32x4_t low = vmull_s16(vget_low_s16(p), vget_low_s16(q));
    return sum + vpaddq_u32((V)low, (V)vmull_high_s16(p, q));
}

/* The same pair of taps in every lane, as a load from memory has it. */
typedef struct VTaps {
    int32_t lane[4];
} VTaps;
#define V_ALL_TAPS(a, b) { { V_TAPS(a, b), V_TAPS(a, b), V_TAPS(a, b), V_TAPS(a, b) } }

V_INLINE V v_taps(const VTaps *taps) { return (V)vld1q_s32(taps->lane); }

/* High or low halves of the 32-bit lanes of what v_low16() and v_high16() paired, in order. */
V_INLINE V v_join_high(V low, V high) { return v_pack_u16(v_shr32(low, 16), v_shr32(high, 16)); }
V_INLINE V v_join_low(V low, V high)
{
    const V mask = v_set32(0xffff);
    return v_pack_u16(v_and(low, mask), v_and(high, mask));
}

/* What v_low16() and v_high16() took apart, in the order of a row. */
V_INLINE void v_order32(V *first, V *second, V low, V high)
{
    *first = low;
    *second = high;
}

/* V_16 samples, one per 16-bit lane. */
V_INLINE V v_load_u8(const uint8_t *p) { return (V)vmovl_u8(vld1_u8(p)); }

/* V_32 samples, one per 32-bit lane. */
V_INLINE V v_load_i16_32(const int16_t *p) { return (V)vmovl_s16(vld1_s16(p)); }

/* The 32-bit lanes as 16-bit ones, cut off. */
V_INLINE void v_store_16(int16_t *p, V v) { vst1_s16(p, vmovn_s32((int32x4_t)v)); }

/* Even and odd 32-bit lanes of a row of two vectors. */
V_INLINE V v_even32(V a, V b) { return vuzp1q_u32(a, b); }
V_INLINE V v_odd32(V a, V b) { return vuzp2q_u32(a, b); }

/* Even and odd lanes in the order of a row: its first half and its second. */
V_INLINE void v_zip32(V *first, V *second, V even, V odd)
{
    *first = vzip1q_u32(even, odd);
    *second = vzip2q_u32(even, odd);
}

/* The 32-bit lanes of a row of two vectors as 16-bit ones, in the order of the row. */
V_INLINE V v_pack_in_order_u16(V first, V second) { return v_pack_u16(first, second); }

/* Floats and doubles. */
typedef float32x4_t VF;
typedef float64x2_t VD;

V_INLINE VF v_float(V v) { return vcvtq_f32_s32((int32x4_t)v); }

/*
 * As floats, the 16 leading bits unchanged. There is no conversion that cuts off; so the bit
 * after those 16 is cleared, and rounding cannot carry into them.
 */
V_INLINE VF v_float_cut(V v) { return v_float(v_not_and(v_shr32(v, 16), v)); }

V_INLINE V v_float_bits(VF f) { return (V)f; }
V_INLINE VF v_bits_float(V v) { return (VF)v; }
V_INLINE V v_cut_float(VF f) { return (V)vcvtq_s32_f32(f); }
V_INLINE VF v_sub_f(VF a, VF b) { return vsubq_f32(a, b); }
V_INLINE VF v_mul_f(VF a, VF b) { return vmulq_f32(a, b); }
V_INLINE VF v_abs_f(VF v) { return vabsq_f32(v); }
V_INLINE VM v_not_less_f(VF a, VF b) { return vcgeq_f32(a, b); }
V_INLINE VF v_set_f(float x) { return vdupq_n_f32(x); }
V_INLINE VF v_fma_f(VF a, VF b, VF c) { return vfmaq_f32(c, a, b); }

/* The float whose number is in the low bits of each lane, of 8: a look-up of its four bytes. */
V_INLINE VF v_pick_f(const float table[8], V index)
{
    const uint8x16x2_t bytes = { { vld1q_u8((const uint8_t *)table),
                                   vld1q_u8((const uint8_t *)(table + 4)) } };
    const V at = (index & v_set32(7)) * v_set32(0x04040404) + v_set32(0x03020100);
    return (VF)vqtbl2q_u8(bytes, (uint8x16_t)at);
}

/* The 32-bit lanes as two vectors of doubles, and from them, cut off. */
V_INLINE VD v_double_low(V v) { return vcvtq_f64_s64(vmovl_s32(vget_low_s32((int32x4_t)v))); }
V_INLINE VD v_double_high(V v) { return vcvtq_f64_s64(vmovl_high_s32((int32x4_t)v)); }
V_INLINE V v_cut_doubles(VD low, VD high)
{
    return (V)vqmovn_high_s64(vqmovn_s64(vcvtq_s64_f64(low)), vcvtq_s64_f64(high));
}

/* Unsigned 32-bit lanes as doubles, in an order that v_cut() undoes. */
V_INLINE void v_double_unsigned(VD out[2], V v)
{
    out[0] = vcvtq_f64_u64(vmovl_u32(vget_low_u32(v)));
    out[1] = vcvtq_f64_u64(vmovl_high_u32(v));
}

/* Doubles below 2^31, cut off, and a number more; negative ones to that number. */
V_INLINE V v_cut(const VD d[2], const int32_t more)
{
    return v_add32(vuzp1q_u32((V)vcvtq_u64_f64(d[0]), (V)vcvtq_u64_f64(d[1])), v_set32(more));
}

/* Doubles of at most 2^31, cut off, as 64-bit lanes of which the low half counts; none above 0. */
V_INLINE V v_cut_negative(VD d) { return (V)vcvtq_s64_f64(d); }

/* Unsigned 32-bit lanes as 64-bit ones, in the order of v_double_unsigned(). */
V_INLINE void v_widen_u32(V out[2], V v)
{
    out[0] = (V)vmovl_u32(vget_low_u32(v));
    out[1] = (V)vmovl_high_u32(v);
}

/* And back: the low halves of such lanes, or the high ones. */
V_INLINE V v_narrow_low(const V v[2]) { return vuzp1q_u32(v[0], v[1]); }
V_INLINE V v_narrow_high(const V v[2]) { return vuzp2q_u32(v[0], v[1]); }

V_INLINE VD v_widen_low(VF f) { return vcvt_f64_f32(vget_low_f32(f)); }
V_INLINE VD v_widen_high(VF f) { return vcvt_high_f64_f32(f); }

/* Signed 64-bit lanes, rounded to float. Only scalars are converted in one rounding. */
V_INLINE VD v_float_of_i64(V v)
{
    const int64x2_t lanes = (int64x2_t)v;
    return (VD){ (float)lanes[0], (float)lanes[1] };
}

/* Masks of 64-bit lanes: those of the low and the high half, or of even and odd lanes, make one. */
V_INLINE VM64 v_not_less_d(VD a, VD b) { return (V)vcgeq_f64(a, b); }
V_INLINE VM64 v_both64(VM64 a, VM64 b) { return a & b; }
V_INLINE VM v_zip_masks(VM64 even, VM64 odd) { return v_blend_odd32(even, odd); }
V_INLINE VM v_narrow_mask(VM64 low, VM64 high) { return vuzp1q_u32(low, high); }
V_INLINE VD v_max_d(VD a, VD b) { return vmaxq_f64(a, b); }
V_INLINE VD v_set_d(double x) { return vdupq_n_f64(x); }
V_INLINE VD v_add_d(VD a, VD b) { return vaddq_f64(a, b); }
V_INLINE VD v_sub_d(VD a, VD b) { return vsubq_f64(a, b); }
V_INLINE VD v_mul_d(VD a, VD b) { return vmulq_f64(a, b); }
V_INLINE VD v_div_d(VD a, VD b) { return vdivq_f64(a, b); }
V_INLINE VD v_min_d(VD a, VD b) { return vminq_f64(a, b); }
/* clang-format on */

/* The first n 32-bit lanes. */
V_INLINE VM v_first32(int n)
{
    static const int32_t number[V_BYTES / 4] = { 0, 1, 2, 3 };
    V numbers;
    memcpy(&numbers, number, sizeof(numbers));
    return v_greater32(v_set32(n), numbers);
}

#endif
