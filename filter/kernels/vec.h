// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Vectors of V_BYTES, as wide as the CPU level of the including file has them. The only file with
 * intrinsics.
 *
 * Lanes are 16 or 32 bits, as an operation's name says. Pairs of 16-bit lanes are what multiplies:
 * v_dot() adds the two signed products of each pair to a 32-bit lane, modulo 2^32.
 *
 * A mask says yes or no of each lane: VM of 32 bits, VM16 of 16 bits, VM64 of 64 bits. Comparing
 * makes it, of a bit for a lane where the CPU has registers of these, else of all bits of a lane.
 *
 * Unsigned 16-bit values are multiplied as signed ones by taking 32768 off (v_bias()); as VIF's
 * taps sum to 65536 that takes 2^31 off a sum, which starts at V_UNBIAS to make up for it.
 */
#ifndef VMT_KERNELS_VEC_H
#define VMT_KERNELS_VEC_H

#include <stdint.h>
#include <string.h>

#define V_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512BW__)
#include "kernels/vec_avx512.h"
#elif defined(__AVX2__)
#include "kernels/vec_avx2.h"
#elif defined(__aarch64__)
#include "kernels/vec_neon.h"
#else
#error "no vectors for this CPU level"
#endif

/* Lanes. */
#define V_16 (V_BYTES / 2)
#define V_32 (V_BYTES / 4)

#define V_UNBIAS ((int32_t)-2147483647 - 1)

/* Both halves of a 32-bit lane, as taps for v_dot(). */
#define V_TAPS(a, b) ((int32_t)((uint32_t)(uint16_t)(a) | (uint32_t)(uint16_t)(b) << 16))

V_INLINE V v_load(const void *p)
{
    V v;
    memcpy(&v, p, sizeof(v));
    return v;
}

V_INLINE void v_store(void *p, V v)
{
    memcpy(p, &v, sizeof(v));
}

/* Unsigned 16-bit lanes less 32768, as signed ones; and back. */
V_INLINE V v_bias(V v)
{
    return v_xor(v, v_set32((int32_t)0x80008000));
}

/* Whole products of the odd unsigned 32-bit lanes. */
V_INLINE V v_mul_odd_u32(V a, V b)
{
    return v_mul_even_u32(v_shr64(a, 32), v_shr64(b, 32));
}

/* Low halves of 64-bit lanes, back in even and odd 32-bit lanes. */
V_INLINE V v_join_even_odd(V even, V odd)
{
    return v_blend_odd32(even, v_shl64_each(odd, v_set64(32)));
}

/* (a * b + half) >> 32 of unsigned 32-bit lanes. */
V_INLINE V v_mul_high_u32(V a, V b, int64_t half)
{
    const V even = v_add64(v_mul_even_u32(a, b), v_set64(half));
    const V odd = v_add64(v_mul_odd_u32(a, b), v_set64(half));
    return v_blend_odd32(v_shr64(even, 32), odd);
}

/* Add unsigned 32-bit lanes, two by two, to 64-bit ones. */
V_INLINE V v_add_pairs_u32(V sum, V v)
{
    return v_add64(sum, v_add64(v_and(v, v_set64(0xffffffff)), v_shr64(v, 32)));
}

/* Modulo 2^64, as sums of cubes have no sign. */
V_INLINE int64_t v_sum64(V v)
{
    uint64_t lane[V_BYTES / 8], sum = 0;
    v_store(lane, v);
    for (int i = 0; i < V_BYTES / 8; i++)
        sum += lane[i];
    return (int64_t)sum;
}

#endif
