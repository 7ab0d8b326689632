// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vectors of AVX-512 as Ice Lake and Zen 4 have it: F, BW, DQ, VL, VNNI. See vec.h.
 */
#ifndef VMT_KERNELS_VEC_AVX512_H
#define VMT_KERNELS_VEC_AVX512_H

#include <immintrin.h>

#define V_BYTES 64
#define V_REGISTERS 32
#define V_PICK 32
typedef __m512i V;
typedef __mmask16 VM;
typedef __mmask32 VM16;
typedef __mmask8 VM64;

/* clang-format off */
V_INLINE V v_set32(int32_t x) { return _mm512_set1_epi32(x); }
V_INLINE V v_set64(int64_t x) { return _mm512_set1_epi64(x); }
V_INLINE V v_and(V a, V b) { return _mm512_and_si512(a, b); }
V_INLINE V v_or(V a, V b) { return _mm512_or_si512(a, b); }
V_INLINE V v_xor(V a, V b) { return _mm512_xor_si512(a, b); }
V_INLINE V v_and_or(V a, V b, V c) { return _mm512_ternarylogic_epi32(a, b, c, 0xea); }
V_INLINE V v_not_and(V a, V b) { return _mm512_andnot_si512(a, b); }

V_INLINE V v_add32(V a, V b) { return _mm512_add_epi32(a, b); }
V_INLINE V v_sub32(V a, V b) { return _mm512_sub_epi32(a, b); }
V_INLINE V v_mul32(V a, V b) { return _mm512_mullo_epi32(a, b); }
V_INLINE V v_max32(V a, V b) { return _mm512_max_epi32(a, b); }
V_INLINE V v_min32(V a, V b) { return _mm512_min_epi32(a, b); }
V_INLINE V v_min_u32(V a, V b) { return _mm512_min_epu32(a, b); }
V_INLINE V v_abs32(V v) { return _mm512_abs_epi32(v); }

V_INLINE VM v_greater32(V a, V b) { return _mm512_cmpgt_epi32_mask(a, b); }
V_INLINE VM v_nonzero32(V v) { return _mm512_test_epi32_mask(v, v); }
V_INLINE VM v_both(VM a, VM b) { return a & b; }
V_INLINE VM v_but(VM a, VM b) { return (VM)(a & ~b); }
V_INLINE int v_any(VM mask) { return mask != 0; }
V_INLINE int v_count(VM mask) { return __builtin_popcount(mask); }
V_INLINE V v_add_where32(VM m, V sum, V v) { return _mm512_mask_add_epi32(sum, m, sum, v); }
V_INLINE V v_keep32(VM mask, V v) { return _mm512_maskz_mov_epi32(mask, v); }
V_INLINE V v_select32(VM mask, V a, V b) { return _mm512_mask_mov_epi32(b, mask, a); }

V_INLINE VM16 v_greater16(V a, V b) { return _mm512_cmpgt_epi16_mask(a, b); }
V_INLINE VM16 v_both16(VM16 a, VM16 b) { return a & b; }
V_INLINE int v_any16(VM16 mask) { return mask != 0; }
V_INLINE V v_select16(VM16 mask, V a, V b) { return _mm512_mask_mov_epi16(b, mask, a); }

/* The mask of what v_low16() and v_high16() paired of two masks of their pairs. */
V_INLINE VM16 v_pack_masks(VM low, VM high)
{
    return _mm512_movepi16_mask(_mm512_packs_epi32(_mm512_movm_epi32(low),
                                                   _mm512_movm_epi32(high)));
}

V_INLINE V v_add64(V a, V b) { return _mm512_add_epi64(a, b); }
V_INLINE V v_mul_even_u32(V a, V b) { return _mm512_mul_epu32(a, b); }
V_INLINE V v_mul_even_i32(V a, V b) { return _mm512_mul_epi32(a, b); }
/* By bits: of shifts and a choice of lanes clang makes permutations, which take longer. */
V_INLINE V v_blend_odd16(V even, V odd)
{
    return _mm512_ternarylogic_epi32(v_set32(0xffff), even, odd, 0xca);
}
V_INLINE V v_blend_odd32(V even, V odd) { return _mm512_mask_mov_epi32(even, 0xaaaa, odd); }

#define v_shr32(v, n) _mm512_srli_epi32(v, n)
#define v_sar32(v, n) _mm512_srai_epi32(v, n)
#define v_shl32(v, n) _mm512_slli_epi32(v, n)
#define v_shr64(v, n) _mm512_srli_epi64(v, n)
V_INLINE V v_sar32_by(V v, int n) { return _mm512_sra_epi32(v, _mm_cvtsi32_si128(n)); }
V_INLINE V v_shl16_by(V v, int n) { return _mm512_sll_epi16(v, _mm_cvtsi32_si128(n)); }
V_INLINE V v_sar64_by(V v, int n) { return _mm512_sra_epi64(v, _mm_cvtsi32_si128(n)); }

V_INLINE V v_shr64_by(V v, int n) { return _mm512_srl_epi64(v, _mm_cvtsi32_si128(n)); }
V_INLINE V v_shl32_each(V v, V n) { return _mm512_sllv_epi32(v, n); }
V_INLINE V v_shr32_each(V v, V n) { return _mm512_srlv_epi32(v, n); }
V_INLINE V v_shl64_each(V v, V n) { return _mm512_sllv_epi64(v, n); }
V_INLINE V v_shr64_each(V v, V n) { return _mm512_srlv_epi64(v, n); }

V_INLINE V v_set16(int16_t x) { return _mm512_set1_epi16(x); }
V_INLINE V v_add16(V a, V b) { return _mm512_add_epi16(a, b); }
V_INLINE V v_sub16(V a, V b) { return _mm512_sub_epi16(a, b); }
V_INLINE V v_max16(V a, V b) { return _mm512_max_epi16(a, b); }
V_INLINE V v_min16(V a, V b) { return _mm512_min_epi16(a, b); }
V_INLINE V v_abs16(V v) { return _mm512_abs_epi16(v); }
#define v_sar16(v, n) _mm512_srai_epi16(v, n)
V_INLINE V v_mul16(V a, V b) { return _mm512_mullo_epi16(a, b); }
V_INLINE V v_mul_high_u16(V a, V b) { return _mm512_mulhi_epu16(a, b); }
V_INLINE V v_mul_high_i16(V a, V b) { return _mm512_mulhi_epi16(a, b); }
V_INLINE V v_mul_round16(V a, V b) { return _mm512_mulhrs_epi16(a, b); }
V_INLINE V v_dot(V sum, V a, V b) { return _mm512_dpwssd_epi32(sum, a, b); }

/*
 * The same pair of taps in every lane, read from memory where it is used. Left to itself, gcc keeps
 * all of them in the registers that sums need, or builds each from a scalar; clang does not.
 */
typedef struct VTaps {
    int32_t lane;
} VTaps;
#define V_ALL_TAPS(a, b) { V_TAPS(a, b) }

V_INLINE V v_taps(const VTaps *taps)
{
#if defined(__clang__)
    return v_set32(taps->lane);
#else
    V all;
    __asm__ volatile("vpbroadcastd %1, %0" : "=v"(all) : "m"(taps->lane));
    return all;
#endif
}

V_INLINE V v_low16(V a, V b) { return _mm512_unpacklo_epi16(a, b); }
V_INLINE V v_high16(V a, V b) { return _mm512_unpackhi_epi16(a, b); }
V_INLINE V v_pack_u16(V a, V b) { return _mm512_packus_epi32(a, b); }
V_INLINE V v_pack_i16(V a, V b) { return _mm512_packs_epi32(a, b); }

/* High or low halves of the 32-bit lanes of what v_low16() and v_high16() paired, in order. */
V_INLINE V v_join_low(V low, V high)
{
    static const int16_t order[32] = {
        0, 2, 4, 6, 32, 34, 36, 38, 8, 10, 12, 14, 40, 42, 44, 46, 16, 18, 20, 22, 48, 50, 52,
        54, 24, 26, 28, 30, 56, 58, 60, 62,
    };
    return _mm512_permutex2var_epi16(low, _mm512_loadu_si512(order), high);
}
V_INLINE V v_join_high(V low, V high)
{
    static const int16_t order[32] = {
        1, 3, 5, 7, 33, 35, 37, 39, 9, 11, 13, 15, 41, 43, 45, 47, 17, 19, 21, 23, 49, 51, 53,
        55, 25, 27, 29, 31, 57, 59, 61, 63,
    };
    return _mm512_permutex2var_epi16(low, _mm512_loadu_si512(order), high);
}

/* What v_low16() and v_high16() took apart, in the order of a row. */
V_INLINE void v_order32(V *first, V *second, V low, V high)
{
    const V a = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const V b = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    *first = _mm512_permutex2var_epi64(low, a, high);
    *second = _mm512_permutex2var_epi64(low, b, high);
}

/* V_16 samples, one per 16-bit lane. */
V_INLINE V v_load_u8(const uint8_t *p)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p));
}

/* V_32 samples, one per 32-bit lane. */
V_INLINE V v_load_i16_32(const int16_t *p)
{
    return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)p));
}

/* The 32-bit lanes as 16-bit ones, cut off. */
V_INLINE void v_store_16(int16_t *p, V v)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(v));
}

/* Even and odd 32-bit lanes of a row of two vectors. */
V_INLINE V v_even32(V a, V b)
{
    const V index = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_epi32(a, index, b);
}

V_INLINE V v_odd32(V a, V b)
{
    const V index = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_epi32(a, index, b);
}

/* Even and odd lanes in the order of a row: its first half and its second. */
V_INLINE void v_zip32(V *first, V *second, V even, V odd)
{
    const V index = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const V offset = _mm512_set1_epi32(8);
    *first = _mm512_permutex2var_epi32(even, index, odd);
    *second = _mm512_permutex2var_epi32(even, _mm512_add_epi32(index, offset), odd);
}

/* The 32-bit lanes of a row of two vectors as 16-bit ones, in the order of the row. */
V_INLINE V v_pack_in_order_u16(V first, V second)
{
    const V order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    return _mm512_permutexvar_epi64(order, _mm512_packus_epi32(first, second));
}

/* Floats and doubles. */
typedef __m512 VF;
typedef __m512d VD;

/* As floats, towards zero. */
V_INLINE VF v_float_cut(V v)
{
    return _mm512_cvt_roundepi32_ps(v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

V_INLINE VF v_float(V v) { return _mm512_cvtepi32_ps(v); }
V_INLINE V v_float_bits(VF f) { return _mm512_castps_si512(f); }
V_INLINE VF v_bits_float(V v) { return _mm512_castsi512_ps(v); }
V_INLINE V v_cut_float(VF f) { return _mm512_cvttps_epi32(f); }
V_INLINE VF v_sub_f(VF a, VF b) { return _mm512_sub_ps(a, b); }
V_INLINE VF v_mul_f(VF a, VF b) { return _mm512_mul_ps(a, b); }
V_INLINE VF v_abs_f(VF v) { return _mm512_abs_ps(v); }
V_INLINE VM v_not_less_f(VF a, VF b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
V_INLINE VF v_set_f(float x) { return _mm512_set1_ps(x); }
V_INLINE VF v_fma_f(VF a, VF b, VF c) { return _mm512_fmadd_ps(a, b, c); }

/* The float whose number is in the low bits of each lane, of 32. */
V_INLINE VF v_pick_f(const float table[32], V index)
{
    return _mm512_permutex2var_ps(_mm512_loadu_ps(table), index, _mm512_loadu_ps(table + 16));
}

/* The 32-bit lanes as two vectors of doubles, and from them, cut off. */
V_INLINE VD v_double_low(V v) { return _mm512_cvtepi32_pd(_mm512_castsi512_si256(v)); }
V_INLINE VD v_double_high(V v) { return _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(v, 1)); }
V_INLINE V v_cut_doubles(VD low, VD high)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvttpd_epi32(low)),
                              _mm512_cvttpd_epi32(high), 1);
}

/*
 * Unsigned 32-bit lanes as doubles, in an order that v_cut() undoes. They are the low bits
 * of 2^52 and something, which takes fewer cycles than a conversion.
 */
V_INLINE void v_double_unsigned(VD out[2], V v)
{
    const V exponent = _mm512_set1_epi32(0x43300000);
    const VD offset = _mm512_set1_pd(0x1p52);
    out[0] = _mm512_sub_pd(_mm512_castsi512_pd(_mm512_unpacklo_epi32(v, exponent)), offset);
    out[1] = _mm512_sub_pd(_mm512_castsi512_pd(_mm512_unpackhi_epi32(v, exponent)), offset);
}

/*
 * Doubles below 2^31, cut off, and a number more, below 2^31 too; negative ones to less than that
 * number or to it. The low bits of the sum of 1.5 times 2^52 and a number are its integer.
 */
V_INLINE V v_cut(const VD d[2], const int32_t more)
{
    const VD offset = _mm512_set1_pd(0x1.8p52 + more);
    const VD low = _mm512_add_round_pd(d[0], offset, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const VD high = _mm512_add_round_pd(d[1], offset, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high),
                                                 0x88));
}

/* Doubles of at most 2^31, cut off, as 64-bit lanes of which the low half counts; none above 0. */
V_INLINE V v_cut_negative(VD d)
{
    return _mm512_castpd_si512(_mm512_add_round_pd(d, _mm512_set1_pd(0x1.8p52),
                                                   _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC));
}

/* Unsigned 32-bit lanes as 64-bit ones, in the order of v_double_unsigned(). */
V_INLINE void v_widen_u32(V out[2], V v)
{
    out[0] = _mm512_unpacklo_epi32(v, _mm512_setzero_si512());
    out[1] = _mm512_unpackhi_epi32(v, _mm512_setzero_si512());
}

/* And back: the low halves of such lanes, or the high ones. */
V_INLINE V v_narrow_low(const V v[2])
{
    return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(v[0]),
                                                 _mm512_castsi512_ps(v[1]), 0x88));
}
V_INLINE V v_narrow_high(const V v[2])
{
    return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(v[0]),
                                                 _mm512_castsi512_ps(v[1]), 0xdd));
}

V_INLINE VD v_widen_low(VF f) { return _mm512_cvtps_pd(_mm512_castps512_ps256(f)); }
V_INLINE VD v_widen_high(VF f) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(f, 1)); }

/* Signed 64-bit lanes, rounded to float. */
V_INLINE VD v_float_of_i64(V v) { return _mm512_cvtps_pd(_mm512_cvtepi64_ps(v)); }

/* Masks of 64-bit lanes: those of the low and the high half, or of even and odd lanes, make one. */
V_INLINE VM64 v_not_less_d(VD a, VD b) { return _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ); }
V_INLINE VM64 v_both64(VM64 a, VM64 b) { return a & b; }
V_INLINE VM v_narrow_mask(VM64 low, VM64 high) { return (VM)(low | high << 8); }
V_INLINE VM v_zip_masks(VM64 even, VM64 odd)
{
    return _mm512_movepi32_mask(v_blend_odd32(_mm512_movm_epi64(even), _mm512_movm_epi64(odd)));
}
V_INLINE VD v_max_d(VD a, VD b) { return _mm512_max_pd(a, b); }
V_INLINE VD v_set_d(double x) { return _mm512_set1_pd(x); }
V_INLINE VD v_add_d(VD a, VD b) { return _mm512_add_pd(a, b); }
V_INLINE VD v_sub_d(VD a, VD b) { return _mm512_sub_pd(a, b); }
V_INLINE VD v_mul_d(VD a, VD b) { return _mm512_mul_pd(a, b); }
V_INLINE VD v_div_d(VD a, VD b) { return _mm512_div_pd(a, b); }
V_INLINE VD v_min_d(VD a, VD b) { return _mm512_min_pd(a, b); }
/* clang-format on */

/* The first n 32-bit lanes. */
V_INLINE VM v_first32(int n)
{
    return n < 16 ? (VM)((1u << (n < 0 ? 0 : n)) - 1) : 0xffff;
}

#endif
