// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Logarithms of VIF without a table look-up per lane.
 *
 * VmtTables.log2 is, entry by entry, a polynomial cut off to an integer: one per segment of the
 * mantissa, with as many segments as v_pick_f() picks from, so that one permutation finds a
 * coefficient; a cubic for 8 of them, a quadratic for 32. What the start of a segment contributes
 * as if logarithms were straight is left out of the polynomial: it is in the number of the segment,
 * which counts on with the exponent. The coefficients come from a linear program that keeps the
 * polynomial, evaluated in binary32 with fused operations, at least 1.8e-4 away from the wrong
 * integer; the test of the kernels compares all entries.
 */
#ifndef VMT_KERNELS_LOG2_VEC_H
#define VMT_KERNELS_LOG2_VEC_H

#include "kernels/kernel.h"
#include "kernels/vec.h"

/* By power of the distance to the segment's middle, then by segment. */
#if V_PICK == 32
enum { LOG2_SEGMENT_BITS = 5, LOG2_DEGREE = 2 };
static const float log2_polynomial[LOG2_DEGREE + 1][32] = {
    { 0x1.727d82p5f, 0x1.1f6836p6f, 0x1.7b089ap6f, 0x1.ccbb7ep6f, 0x1.0a867ap7f, 0x1.2a3ebp7f,
      0x1.45c28ep7f, 0x1.5d4978p7f, 0x1.710692p7f, 0x1.8127e6p7f, 0x1.8ddf3ep7f, 0x1.974c08p7f,
      0x1.9d9afep7f, 0x1.a0ed8ep7f, 0x1.a165e2p7f, 0x1.9f21f8p7f, 0x1.9a3ecep7f, 0x1.92d8c8p7f,
      0x1.89098ap7f, 0x1.7ce7ccp7f, 0x1.6e8d4ap7f, 0x1.5e0d74p7f, 0x1.4b7bep7f, 0x1.36edeap7f,
      0x1.207466p7f, 0x1.082156p7f, 0x1.dc090ap6f, 0x1.a458a4p6f, 0x1.69551cp6f, 0x1.2b1684p6f,
      0x1.d36d1ep5f, 0x1.4a9ec8p5f },
    { 0x1.6ba704p11f, 0x1.60d29ap11f, 0x1.5698c2p11f, 0x1.4cf024p11f, 0x1.43c8a8p11f, 0x1.3b2f3p11f,
      0x1.32f06p11f, 0x1.2b3202p11f, 0x1.23d538p11f, 0x1.1cdce2p11f, 0x1.161cp11f, 0x1.0faec6p11f,
      0x1.0993fcp11f, 0x1.03bd0cp11f, 0x1.fc5a3ap10f, 0x1.f1a5b4p10f, 0x1.e7616ep10f,
      0x1.dd8c4ep10f, 0x1.d4126ep10f, 0x1.cafb08p10f, 0x1.c23b44p10f, 0x1.b9d84p10f, 0x1.b1b0acp10f,
      0x1.a9db32p10f, 0x1.a25aacp10f, 0x1.9b15f4p10f, 0x1.94259ep10f, 0x1.8d3982p10f,
      0x1.86b832p10f, 0x1.804d6ap10f, 0x1.7a389p10f, 0x1.743836p10f },
    { -0x1.68cc56p10f, -0x1.5201b6p10f, -0x1.3ab93ep10f, -0x1.2da7a2p10f, -0x1.287c0ap10f,
      -0x1.0eaf2ep10f, -0x1.f6e8b2p9f, -0x1.e6e468p9f, -0x1.ccf7cap9f, -0x1.9d2234p9f,
      -0x1.b1f93cp9f, -0x1.8eaca6p9f, -0x1.7287fp9f, -0x1.683006p9f, -0x1.689bfp9f, -0x1.519fc4p9f,
      -0x1.41c776p9f, -0x1.2dd71cp9f, -0x1.2a74a4p9f, -0x1.15dbe4p9f, -0x1.12b154p9f,
      -0x1.0bdc0cp9f, -0x1.efce22p8f, -0x1.e9c112p8f, -0x1.c8fdc2p8f, -0x1.d1e308p8f,
      -0x1.c5acd8p8f, -0x1.90a84cp8f, -0x1.a17b2p8f, -0x1.aff06cp8f, -0x1.83bb18p8f,
      -0x1.78bd22p8f },
};
#elif V_PICK == 8
enum { LOG2_SEGMENT_BITS = 3, LOG2_DEGREE = 3 };
static const float log2_polynomial[LOG2_DEGREE + 1][8] = {
    { 0x1.67405ap7f, 0x1.f883ap7f, 0x1.23f78cp8f, 0x1.30c15ap8f, 0x1.271e6ep8f, 0x1.0a82cp8f,
      0x1.bb4ac8p7f, 0x1.4563e4p7f },
    { 0x1.5b9b86p11f, 0x1.370322p11f, 0x1.196556p11f, 0x1.00ec38p11f, 0x1.d8bcbap10f,
      0x1.b5b92ap10f, 0x1.978978p10f, 0x1.7d3f18p10f },
    { -0x1.4799e4p10f, -0x1.063a5ep10f, -0x1.ad49f8p9f, -0x1.653bf4p9f, -0x1.2ee4fep9f,
      -0x1.037f1p9f, -0x1.c1d3d2p8f, -0x1.897fep8f },
    { 0x1.94f7f2p9f, 0x1.28eb2ap9f, 0x1.b55de4p8f, 0x1.59e9bp8f, 0x1.0d3af6p8f, 0x1.96e16cp7f,
      0x1.499f6ep7f, 0x1.03576ap7f },
};
#endif

/* 2048 (log2(v) + 127) in parts: the segments before it, and the rest. */
enum { LOG2_PER_SEGMENT = 2048 >> LOG2_SEGMENT_BITS };
typedef struct Log2 {
    V segments, rest;
} Log2;

/* Of the 16 leading bits of each lane, 2^16 to 2^31 - 1. */
V_INLINE Log2 v_log2_fixed(V v)
{
    const int rest_bits = 15 - LOG2_SEGMENT_BITS;
    const V bits = v_float_bits(v_float_cut(v));
    const V segments = v_shr32(bits, 23 - LOG2_SEGMENT_BITS);
    const V rest = v_and_or(bits, v_set32(((1 << rest_bits) - 1) << 8), v_set32(0x3f800000));
    const VF middle = v_set_f(1.0f + 0.5f / (1 << LOG2_SEGMENT_BITS));
    const VF d = v_sub_f(v_bits_float(rest), middle);
    VF p = v_pick_f(log2_polynomial[LOG2_DEGREE], segments);

    UNROLL(3)
    for (int i = LOG2_DEGREE - 1; i >= 0; i--)
        p = v_fma_f(p, d, v_pick_f(log2_polynomial[i], segments));
    return (Log2){ segments, v_cut_float(p) };
}

#endif
