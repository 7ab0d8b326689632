// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Logarithms of VIF without a table look-up per lane.
 *
 * VmtTables.log2 is, entry by entry, a cubic cut off to an integer: one per segment of the
 * mantissa, with as many segments as v_pick_f() picks from, so that one permutation finds a
 * coefficient. The coefficients come from a linear program that keeps the cubic, evaluated in
 * binary32 with fused operations, at least 2e-4 away from the wrong integer; the test of the
 * kernels compares all entries.
 */
#ifndef VMT_KERNELS_LOG2_VEC_H
#define VMT_KERNELS_LOG2_VEC_H

#include "kernels/vec.h"

/* By power of the distance to the segment's middle, then by segment. */
#if V_PICK == 16
enum { LOG2_SEGMENT_BITS = 4 };
static const float log2_cubic[4][16] = {
    { 0x1.6dadbap6f, 0x1.0945cep8f, 0x1.ad75dep8f, 0x1.248086p9f, 0x1.6e620cp9f, 0x1.b4bed2p9f,
      0x1.f7e888p9f, 0x1.1c1318p10f, 0x1.3adb56p10f, 0x1.58683p10f, 0x1.74d20cp10f,
      0x1.902e7cp10f, 0x1.aa90b8p10f, 0x1.c409fep10f, 0x1.dca9aap10f, 0x1.f47e2ep10f },
    { 0x1.66231p11f, 0x1.51abf4p11f, 0x1.3f68b2p11f, 0x1.2f0dacp11f, 0x1.203c98p11f,
      0x1.12d9c4p11f, 0x1.06a234p11f, 0x1.f6ebbcp10f, 0x1.e2622p10f, 0x1.cf715ep10f,
      0x1.bdfd3ep10f, 0x1.adcc3ap10f, 0x1.9eb47p10f, 0x1.909366p10f, 0x1.837a42p10f,
      0x1.77303ep10f },
    { -0x1.5abe98p10f, -0x1.34c31cp10f, -0x1.13a5bp10f, -0x1.efb336p9f, -0x1.c0ee6ap9f,
      -0x1.982622p9f, -0x1.76e6c2p9f, -0x1.540c6p9f, -0x1.3b16e4p9f, -0x1.22bd3ap9f,
      -0x1.0cd02cp9f, -0x1.f5728p8f, -0x1.d53b6cp8f, -0x1.b95ad6p8f, -0x1.9714b6p8f,
      -0x1.810cfcp8f },
    { 0x1.c06a1p9f, 0x1.7b3e6p9f, 0x1.a1356ep9f, 0x1.52968ep7f, 0x1.ce12dep9f, 0x1.b7e79cp8f,
      0x1.583524p8f, 0x1.639cap8f, 0x1.9f42e6p8f, 0x1.b64a1ap8f, 0x1.87b7fep7f, -0x1.89f9ap6f,
      0x1.f7270cp5f, 0x1.2d6efp9f, 0x1.10355cp8f, 0x1.766bbp7f },
};
#elif V_PICK == 8
enum { LOG2_SEGMENT_BITS = 3 };
static const float log2_cubic[4][8] = {
    { 0x1.67405ap7f, 0x1.fc41dp8f, 0x1.91fbc6p9f, 0x1.0c3056p10f, 0x1.49c79cp10f,
      0x1.82a0bp10f, 0x1.b76958p10f, 0x1.e8ac7cp10f },
    { 0x1.5b9b86p11f, 0x1.370322p11f, 0x1.196556p11f, 0x1.00ec38p11f, 0x1.d8bcbap10f,
      0x1.b5b92ap10f, 0x1.978978p10f, 0x1.7d3f18p10f },
    { -0x1.4799e4p10f, -0x1.063a5ep10f, -0x1.ad49f6p9f, -0x1.653bf4p9f, -0x1.2ee504p9f,
      -0x1.037f1p9f, -0x1.c1d3d4p8f, -0x1.897fep8f },
    { 0x1.94f7f4p9f, 0x1.28eb04p9f, 0x1.b55e2cp8f, 0x1.59e9b2p8f, 0x1.0d3c74p8f, 0x1.96e16cp7f,
      0x1.499f98p7f, 0x1.035736p7f },
};
#endif

/* 2048 (log2(v) + 127) of the 16 leading bits of each lane, 2^16 to 2^31 - 1. */
V_INLINE V v_log2_fixed(V v)
{
    const int rest_bits = 15 - LOG2_SEGMENT_BITS;
    const V bits = v_float_bits(v_float_cut(v));
    const V segment = v_shr32(bits, 23 - LOG2_SEGMENT_BITS);
    const V rest = v_or(v_and(bits, v_set32(((1 << rest_bits) - 1) << 8)), v_set32(0x3f800000));
    const VF middle = v_set_f(1.0f + 0.5f / (1 << LOG2_SEGMENT_BITS));
    const VF d = v_sub_f(v_bits_float(rest), middle);

    VF p = v_pick_f(log2_cubic[3], segment);
    p = v_fma_f(p, d, v_pick_f(log2_cubic[2], segment));
    p = v_fma_f(p, d, v_pick_f(log2_cubic[1], segment));
    p = v_fma_f(p, d, v_pick_f(log2_cubic[0], segment));
    return v_add32(v_cut_float(p), v_and(v_shr32(bits, 12), v_set32(~2047)));
}

#endif
