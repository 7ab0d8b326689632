// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The one transcendental function in the features.
 *
 * ADM takes cube roots with powf, and glibc's is not correctly rounded: one argument in 1,600
 * differs from the true value by an ulp, and so would a score's eighth digit. This is the same
 * sequence of double operations: log2 by table and polynomial, times the exponent, exp2 likewise.
 */
#include "features/cube_root.h"

#include <stdint.h>
#include <string.h>

/* 1 / c and log2(c) for a c in each sixteenth of [0.7, 1.4). */
static const struct {
    double inverse, log2;
} log2_table[16] = {
    { 0x1.661ec79f8f3bep+0, -0x1.efec65b963019p-2 },
    { 0x1.571ed4aaf883dp+0, -0x1.b0b6832d4fca4p-2 },
    { 0x1.49539f0f010bp+0, -0x1.7418b0a1fb77bp-2 },
    { 0x1.3c995b0b80385p+0, -0x1.39de91a6dcf7bp-2 },
    { 0x1.30d190c8864a5p+0, -0x1.01d9bf3f2b631p-2 },
    { 0x1.25e227b0b8eap+0, -0x1.97c1d1b3b7afp-3 },
    { 0x1.1bb4a4a1a343fp+0, -0x1.2f9e393af3c9fp-3 },
    { 0x1.12358f08ae5bap+0, -0x1.960cbbf788d5cp-4 },
    { 0x1.0953f419900a7p+0, -0x1.a6f9db6475fcep-5 },
    { 1.0, 0.0 },
    { 0x1.e608cfd9a47acp-1, 0x1.338ca9f24f53dp-4 },
    { 0x1.ca4b31f026aap-1, 0x1.476a9543891bap-3 },
    { 0x1.b2036576afce6p-1, 0x1.e840b4ac4e4d2p-3 },
    { 0x1.9c2d163a1aa2dp-1, 0x1.40645f0c6651cp-2 },
    { 0x1.886e6037841edp-1, 0x1.88e9c2c1b9ff8p-2 },
    { 0x1.767dcf5534862p-1, 0x1.ce0a44eb17bccp-2 },
};

static const double log2_poly[5] = { 0x1.27616c9496e0bp-2, -0x1.71969a075c67ap-2,
                                     0x1.ec70a6ca7baddp-2, -0x1.7154748bef6c8p-1,
                                     0x1.71547652ab82bp0 };
static const double exp2_poly[3] = { 0x1.c6af84b912394p-5, 0x1.ebfce50fac4f3p-3,
                                     0x1.62e42ff0c52d6p-1 };

/* Bits of 2^(j / 32), less j << 47 so that the whole exponent can be added. */
static const uint64_t exp2_table[32] = {
    0x3ff0000000000000, 0x3fefd9b0d3158574, 0x3fefb5586cf9890f, 0x3fef9301d0125b51,
    0x3fef72b83c7d517b, 0x3fef54873168b9aa, 0x3fef387a6e756238, 0x3fef1e9df51fdee1,
    0x3fef06fe0a31b715, 0x3feef1a7373aa9cb, 0x3feedea64c123422, 0x3feece086061892d,
    0x3feebfdad5362a27, 0x3feeb42b569d4f82, 0x3feeab07dd485429, 0x3feea47eb03a5585,
    0x3feea09e667f3bcd, 0x3fee9f75e8ec5f74, 0x3feea11473eb0187, 0x3feea589994cce13,
    0x3feeace5422aa0db, 0x3feeb737b0cdc5e5, 0x3feec49182a3f090, 0x3feed503b23e255d,
    0x3feee89f995ad3ad, 0x3feeff76f2fb5e47, 0x3fef199bdd85529c, 0x3fef3720dcef9069,
    0x3fef5818dcfba487, 0x3fef7c97337b9b5f, 0x3fefa4afa2a490da, 0x3fefd0765b6e4540,
};

static double log2_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    const uint32_t offset = bits - 0x3f330000;
    const int i = (offset >> 19) & 15;
    const uint32_t top = offset & 0xff800000;
    const uint32_t reduced_bits = bits - top;
    float reduced;
    memcpy(&reduced, &reduced_bits, sizeof(reduced));

    const double r = (double)reduced * log2_table[i].inverse - 1;
    const double y0 = log2_table[i].log2 + ((int32_t)top >> 23);
    const double r2 = r * r;
    const double y = log2_poly[0] * r + log2_poly[1];
    const double p = log2_poly[2] * r + log2_poly[3];
    const double q = log2_poly[4] * r + y0;
    return y * (r2 * r2) + (p * r2 + q);
}

static float exp2_of(double x)
{
    const double shift = 0x1.8p+47; /* rounds to a 32nd */
    const double shifted = x + shift;
    uint64_t k;
    memcpy(&k, &shifted, sizeof(k));
    const double rest = x - (shifted - shift);
    const uint64_t scale_bits = exp2_table[k & 31] + (k << 47);
    double scale;
    memcpy(&scale, &scale_bits, sizeof(scale));

    const double y = (exp2_poly[0] * rest + exp2_poly[1]) * (rest * rest) +
                     (exp2_poly[2] * rest + 1);
    return (float)(y * scale);
}

float vmt_cube_root(float x)
{
    const double third = 0x1.555556p-2; /* 1.0f / 3.0f */
    return x == 0 ? 0 : exp2_of(third * log2_of(x));
}
