// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vectors of AVX2 with FMA. See vec.h.
 */
#ifndef VMT_KERNELS_VEC_AVX2_H
#define VMT_KERNELS_VEC_AVX2_H

#include <immintrin.h>

#define V_BYTES 32
#define V_REGISTERS 16
#define V_PICK 8
typedef __m256i V;
typedef V VM, VM16, VM64;

/* clang-format off */
V_INLINE V v_set32(int32_t x) { return _mm256_set1_epi32(x); }
V_INLINE V v_set64(int64_t x) { return _mm256_set1_epi64x(x); }
V_INLINE V v_and(V a, V b) { return _mm256_and_si256(a, b); }
V_INLINE V v_or(V a, V b) { return _mm256_or_si256(a, b); }
V_INLINE V v_xor(V a, V b) { return _mm256_xor_si256(a, b); }
V_INLINE V v_and_or(V a, V b, V c) { return v_or(v_and(a, b), c); }
V_INLINE V v_not_and(V a, V b) { return _mm256_andnot_si256(a, b); }

V_INLINE V v_add32(V a, V b) { return _mm256_add_epi32(a, b); }
V_INLINE V v_sub32(V a, V b) { return _mm256_sub_epi32(a, b); }
V_INLINE V v_mul32(V a, V b) { return _mm256_mullo_epi32(a, b); }
V_INLINE V v_max32(V a, V b) { return _mm256_max_epi32(a, b); }
V_INLINE V v_min32(V a, V b) { return _mm256_min_epi32(a, b); }
V_INLINE V v_min_u32(V a, V b) { return _mm256_min_epu32(a, b); }
V_INLINE V v_abs32(V v) { return _mm256_abs_epi32(v); }

V_INLINE VM v_greater32(V a, V b) { return _mm256_cmpgt_epi32(a, b); }
V_INLINE VM v_nonzero32(V v)
{
    const V zero = _mm256_setzero_si256();
    return v_xor(_mm256_cmpeq_epi32(v, zero), _mm256_cmpeq_epi32(zero, zero));
}
V_INLINE VM v_both(VM a, VM b) { return v_and(a, b); }
V_INLINE VM v_but(VM a, VM b) { return v_not_and(b, a); }
V_INLINE int v_bits(VM mask) { return _mm256_movemask_ps(_mm256_castsi256_ps(mask)); }
V_INLINE int v_any(VM mask) { return v_bits(mask) != 0; }
V_INLINE int v_count(VM mask) { return __builtin_popcount((unsigned)v_bits(mask)); }
V_INLINE V v_add_where32(VM mask, V sum, V v) { return v_add32(sum, v_and(mask, v)); }
V_INLINE V v_keep32(VM mask, V v) { return v_and(mask, v); }
V_INLINE V v_select32(VM mask, V a, V b) { return _mm256_blendv_epi8(b, a, mask); }

V_INLINE VM16 v_greater16(V a, V b) { return _mm256_cmpgt_epi16(a, b); }
V_INLINE VM16 v_both16(VM16 a, VM16 b) { return v_and(a, b); }
V_INLINE int v_any16(VM16 mask) { return _mm256_movemask_epi8(mask) != 0; }
V_INLINE V v_select16(VM16 mask, V a, V b) { return _mm256_blendv_epi8(b, a, mask); }

/* The mask of what v_low16() and v_high16() paired of two masks of their pairs. */
V_INLINE VM16 v_pack_masks(VM low, VM high) { return _mm256_packs_epi32(low, high); }

V_INLINE V v_add64(V a, V b) { return _mm256_add_epi64(a, b); }
V_INLINE V v_mul_even_u32(V a, V b) { return _mm256_mul_epu32(a, b); }
V_INLINE V v_mul_even_i32(V a, V b) { return _mm256_mul_epi32(a, b); }
V_INLINE V v_blend_odd16(V even, V odd) { return _mm256_blend_epi16(even, odd, 0xaa); }
V_INLINE V v_blend_odd32(V even, V odd) { return _mm256_blend_epi32(even, odd, 0xaa); }

#define v_shr32(v, n) _mm256_srli_epi32(v, n)
#define v_sar32(v, n) _mm256_srai_epi32(v, n)
#define v_shl32(v, n) _mm256_slli_epi32(v, n)
#define v_shr64(v, n) _mm256_srli_epi64(v, n)
V_INLINE V v_sar32_by(V v, int n) { return _mm256_sra_epi32(v, _mm_cvtsi32_si128(n)); }
V_INLINE V v_shl16_by(V v, int n) { return _mm256_sll_epi16(v, _mm_cvtsi32_si128(n)); }

V_INLINE V v_shr64_by(V v, int n) { return _mm256_srl_epi64(v, _mm_cvtsi32_si128(n)); }
V_INLINE V v_shl32_each(V v, V n) { return _mm256_sllv_epi32(v, n); }
V_INLINE V v_shr32_each(V v, V n) { return _mm256_srlv_epi32(v, n); }
V_INLINE V v_shl64_each(V v, V n) { return _mm256_sllv_epi64(v, n); }
V_INLINE V v_shr64_each(V v, V n) { return _mm256_srlv_epi64(v, n); }

/* There is no such instruction: lift to positive numbers, shift, come down again. */
V_INLINE V v_sar64_by(V v, int n)
{
    const V lift = _mm256_set1_epi64x(INT64_MIN);
    return _mm256_sub_epi64(v_shr64_by(_mm256_xor_si256(v, lift), n), v_shr64_by(lift, n));
}

V_INLINE V v_set16(int16_t x) { return _mm256_set1_epi16(x); }
V_INLINE V v_add16(V a, V b) { return _mm256_add_epi16(a, b); }
V_INLINE V v_sub16(V a, V b) { return _mm256_sub_epi16(a, b); }
V_INLINE V v_max16(V a, V b) { return _mm256_max_epi16(a, b); }
V_INLINE V v_min16(V a, V b) { return _mm256_min_epi16(a, b); }
V_INLINE V v_abs16(V v) { return _mm256_abs_epi16(v); }
#define v_sar16(v, n) _mm256_srai_epi16(v, n)
V_INLINE V v_mul_high_i16(V a, V b) { return _mm256_mulhi_epi16(a, b); }
V_INLINE V v_mul_round16(V a, V b) { return _mm256_mulhrs_epi16(a, b); }
V_INLINE V v_mul16(V a, V b) { return _mm256_mullo_epi16(a, b); }
V_INLINE V v_mul_high_u16(V a, V b) { return _mm256_mulhi_epu16(a, b); }
V_INLINE V v_low16(V a, V b) { return _mm256_unpacklo_epi16(a, b); }
V_INLINE V v_high16(V a, V b) { return _mm256_unpackhi_epi16(a, b); }
V_INLINE V v_pack_u16(V a, V b) { return _mm256_packus_epi32(a, b); }
V_INLINE V v_pack_i16(V a, V b) { return _mm256_packs_epi32(a, b); }

/*
 * Product and sum in one statement: apart, compilers multiply everything first and spill. Given
 * the choice of a register or memory, clang always takes memory.
 */
#ifdef __clang__
#define V_OPERAND "x"
#else
#define V_OPERAND "xm"
#endif

V_INLINE V v_dot(V sum, V a, V b)
{
    V product;
    __asm__("vpmaddwd %3, %2, %0\n\tvpaddd %0, %1, %1"
            : "=&x"(product), "+x"(sum) : "x"(a), V_OPERAND(b));
    return sum;
}

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
    *first = _mm256_permute2x128_si256(low, high, 0x20);
    *second = _mm256_permute2x128_si256(low, high, 0x31);
}

/*
 * The same pair of taps in every lane, read from memory: there are more than registers, and gcc
 * would build each from a scalar in the midst of the loop. clang reads them anyway, but would also
 * execute statements of whose result there is no use.
 */
typedef struct VTaps {
    int32_t lane[8];
} __attribute__((aligned(32))) VTaps;
#define V_ALL_TAPS(a, b) \
    { { V_TAPS(a, b), V_TAPS(a, b), V_TAPS(a, b), V_TAPS(a, b), \
        V_TAPS(a, b), V_TAPS(a, b), V_TAPS(a, b), V_TAPS(a, b) } }

V_INLINE V v_taps(const VTaps *taps)
{
#ifdef __clang__
    return _mm256_load_si256((const V *)taps->lane);
#else
    V all;
    __asm__("vmovdqa %1, %0" : "=x"(all) : "m"(*taps));
    return all;
#endif
}

/* V_16 samples, one per 16-bit lane. */
V_INLINE V v_load_u8(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
}

/* V_32 samples, one per 32-bit lane. */
V_INLINE V v_load_i16_32(const int16_t *p)
{
    return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)p));
}

/* The 32-bit lanes as 16-bit ones, which they fit. */
V_INLINE void v_store_16(int16_t *p, V v)
{
    const V packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(v, v), 0xd8);
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(packed));
}

/* Even and odd 32-bit lanes of a row of two vectors. */
V_INLINE V v_even32(V a, V b)
{
    const __m256 even = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(even), 0xd8);
}

V_INLINE V v_odd32(V a, V b)
{
    const __m256 odd = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xdd);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(odd), 0xd8);
}

/* Even and odd lanes in the order of a row: its first half and its second. */
V_INLINE void v_zip32(V *first, V *second, V even, V odd)
{
    const V low = _mm256_unpacklo_epi32(even, odd), high = _mm256_unpackhi_epi32(even, odd);
    *first = _mm256_permute2x128_si256(low, high, 0x20);
    *second = _mm256_permute2x128_si256(low, high, 0x31);
}

/* The 32-bit lanes of a row of two vectors as 16-bit ones, in the order of the row. */
V_INLINE V v_pack_in_order_u16(V first, V second)
{
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(first, second), 0xd8);
}

/* Floats and doubles. */
typedef __m256 VF;
typedef __m256d VD;

/*
 * As floats, the 16 leading bits unchanged. There is no conversion that cuts off; so the bit
 * after those 16 is cleared, and rounding cannot carry into them.
 */
V_INLINE VF v_float_cut(V v)
{
    return _mm256_cvtepi32_ps(v_not_and(v_shr32(v, 16), v));
}

V_INLINE VF v_float(V v) { return _mm256_cvtepi32_ps(v); }
V_INLINE V v_float_bits(VF f) { return _mm256_castps_si256(f); }
V_INLINE VF v_bits_float(V v) { return _mm256_castsi256_ps(v); }
V_INLINE V v_cut_float(VF f) { return _mm256_cvttps_epi32(f); }
V_INLINE VF v_sub_f(VF a, VF b) { return _mm256_sub_ps(a, b); }
V_INLINE VF v_mul_f(VF a, VF b) { return _mm256_mul_ps(a, b); }
V_INLINE VF v_abs_f(VF v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }
V_INLINE VM v_not_less_f(VF a, VF b)
{
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_GE_OQ));
}
V_INLINE VF v_set_f(float x) { return _mm256_set1_ps(x); }
V_INLINE VF v_fma_f(VF a, VF b, VF c) { return _mm256_fmadd_ps(a, b, c); }

/* The float whose number is in the low bits of each lane, of 8. */
V_INLINE VF v_pick_f(const float table[8], V index)
{
    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index);
}

/* The 32-bit lanes as two vectors of doubles, and from them, cut off. */
V_INLINE VD v_double_low(V v) { return _mm256_cvtepi32_pd(_mm256_castsi256_si128(v)); }
V_INLINE VD v_double_high(V v) { return _mm256_cvtepi32_pd(_mm256_extracti128_si256(v, 1)); }
V_INLINE V v_cut_doubles(VD low, VD high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm256_cvttpd_epi32(low)),
                                   _mm256_cvttpd_epi32(high), 1);
}

/*
 * Unsigned 32-bit lanes as doubles, in an order that v_cut() undoes. They are the low bits
 * of 2^52 and something, which takes fewer cycles than a conversion.
 */
V_INLINE void v_double_unsigned(VD out[2], V v)
{
    const V exponent = _mm256_set1_epi32(0x43300000);
    const VD offset = _mm256_set1_pd(0x1p52);
    out[0] = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_unpacklo_epi32(v, exponent)), offset);
    out[1] = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_unpackhi_epi32(v, exponent)), offset);
}

/*
 * Doubles below 2^31, cut off, and a number more, below 2^31 too; negative ones to less than that
 * number or to it. The low bits of the sum of 1.5 times 2^52 and a number are its integer.
 */
V_INLINE V v_cut(const VD d[2], const int32_t more)
{
    const VD offset = _mm256_set1_pd(0x1.8p52 + more);
    const VD low = _mm256_round_pd(d[0], _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const VD high = _mm256_round_pd(d[1], _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    return _mm256_castps_si256(
        _mm256_shuffle_ps(_mm256_castpd_ps(_mm256_add_pd(low, offset)),
                          _mm256_castpd_ps(_mm256_add_pd(high, offset)), 0x88));
}

/* Doubles of at most 2^31, cut off, as 64-bit lanes of which the low half counts; none above 0. */
V_INLINE V v_cut_negative(VD d)
{
    const VD whole = _mm256_round_pd(d, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    return _mm256_castpd_si256(_mm256_add_pd(whole, _mm256_set1_pd(0x1.8p52)));
}

/* Unsigned 32-bit lanes as 64-bit ones, in the order of v_double_unsigned(). */
V_INLINE void v_widen_u32(V out[2], V v)
{
    out[0] = _mm256_unpacklo_epi32(v, _mm256_setzero_si256());
    out[1] = _mm256_unpackhi_epi32(v, _mm256_setzero_si256());
}

/* And back: the low halves of such lanes, or the high ones. */
V_INLINE V v_narrow_low(const V v[2])
{
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(v[0]),
                                                 _mm256_castsi256_ps(v[1]), 0x88));
}
V_INLINE V v_narrow_high(const V v[2])
{
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(v[0]),
                                                 _mm256_castsi256_ps(v[1]), 0xdd));
}

V_INLINE VD v_widen_low(VF f) { return _mm256_cvtps_pd(_mm256_castps256_ps128(f)); }
V_INLINE VD v_widen_high(VF f) { return _mm256_cvtps_pd(_mm256_extractf128_ps(f, 1)); }

/* Signed 64-bit lanes, rounded to float. Only scalars are converted in one rounding. */
V_INLINE VD v_float_of_i64(V v)
{
    int64_t lane[4];
    memcpy(lane, &v, sizeof(v));
    return _mm256_setr_pd((float)lane[0], (float)lane[1], (float)lane[2], (float)lane[3]);
}

/* Masks of 64-bit lanes: those of the low and the high half, or of even and odd lanes, make one. */
V_INLINE VM64 v_not_less_d(VD a, VD b)
{
    return _mm256_castpd_si256(_mm256_cmp_pd(a, b, _CMP_GE_OQ));
}
V_INLINE VM v_zip_masks(VM64 even, VM64 odd) { return v_blend_odd32(even, odd); }
V_INLINE VM64 v_both64(VM64 a, VM64 b) { return v_and(a, b); }
V_INLINE VM v_narrow_mask(VM64 low, VM64 high)
{
    const __m256 even = _mm256_shuffle_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high),
                                          0x88);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(even), 0xd8);
}
V_INLINE VD v_max_d(VD a, VD b) { return _mm256_max_pd(a, b); }
V_INLINE VD v_set_d(double x) { return _mm256_set1_pd(x); }
V_INLINE VD v_add_d(VD a, VD b) { return _mm256_add_pd(a, b); }
V_INLINE VD v_sub_d(VD a, VD b) { return _mm256_sub_pd(a, b); }
V_INLINE VD v_mul_d(VD a, VD b) { return _mm256_mul_pd(a, b); }
V_INLINE VD v_div_d(VD a, VD b) { return _mm256_div_pd(a, b); }
V_INLINE VD v_min_d(VD a, VD b) { return _mm256_min_pd(a, b); }
/* clang-format on */

/* The first n 32-bit lanes. */
V_INLINE VM v_first32(int n)
{
    static const int32_t number[V_BYTES / 4] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    V numbers;
    memcpy(&numbers, number, sizeof(numbers));
    return v_greater32(v_set32(n), numbers);
}

#endif
