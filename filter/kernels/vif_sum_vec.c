// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Sums of VIF, in vectors; see vif_sum.c for what they compute.
 *
 * Variances stay below 2^30, as those of 16-bit values do, so what the logarithms are taken of
 * fits 31 bits.
 */
#include "kernels/kernel.h"
#include "kernels/log2_vec.h"

enum { NOISE = 131072, LOG2_NOISE = 17 * 2048, LOG2_BIAS = 127 * 2048 };

/* Sums of the parts of logarithms, in each lane; a row has too few pixels to overflow them. */
V_INLINE void add_log(Log2 *sum, VM where, V segments, V rest)
{
    sum->segments = v_add_where32(where, sum->segments, segments);
    sum->rest = v_add_where32(where, sum->rest, rest);
}

V_INLINE int64_t whole_log(const Log2 *sum)
{
    const V log = v_add32(v_mul32(sum->segments, v_set32(LOG2_PER_SEGMENT)), sum->rest);
    return v_sum64(v_add_pairs_u32(v_set64(0), log));
}

void K(vif_sum_ref)(VmtVifSums *sums, const int32_t *ref_var, int w, const VmtTables *tables)
{
    const V noise = v_set32(NOISE);
    Log2 sum = { v_set32(0), v_set32(0) };
    int detailed = 0;

    (void)tables;
    for (int x = 0; x < w; x += V_32) {
        const V var = v_load(ref_var + x);
        const VM detail = v_both(v_greater32(var, v_set32(NOISE - 1)), v_first32(w - x));
        const Log2 log = v_log2_fixed(v_add32(var, noise));
        add_log(&sum, detail, log.segments, log.rest);
        detailed += v_count(detail);
    }
    sums->den_log += whole_log(&sum) - (int64_t)detailed * (LOG2_BIAS + LOG2_NOISE);
    sums->flat += w - detailed;
}

/* What is left of the distorted variance, and what of the reference's comes through. */
V_INLINE void channel(VD *rest, VD *signal, VD s1, VD s2, VD s12, VD gain_limit)
{
    const VD gain = v_div_d(s12, v_add_d(s1, v_set_d(65536 * 1.0e-10)));
    const VD limited = v_min_d(gain, gain_limit);
    *rest = v_sub_d(s2, v_mul_d(gain, s12));
    *signal = v_mul_d(v_mul_d(limited, limited), s1);
}

/*
 * Some pixels in between: what logarithms are taken of, where they count. All that leads there is
 * one long chain, and the logarithms another; apart, more pixels are under way at a time.
 */
enum { CHUNK = 16 };
typedef struct Chunk {
    V all[CHUNK], noise[CHUNK];
    VM related[CHUNK];
} Chunk;

/* Of lanes in which all three are positive; others get some number. */
V_INLINE void put_information(Chunk *chunk, int i, V s1, V s2, V s12, VD gain_limit)
{
    VD d1[2], d2[2], d12[2], rest[2], signal[2];

    v_double_unsigned(d1, s1);
    v_double_unsigned(d2, s2);
    v_double_unsigned(d12, s12);
    for (int j = 0; j < 2; j++)
        channel(&rest[j], &signal[j], d1[j], d2[j], d12[j], gain_limit);
    const V noise = v_max32(v_cut(rest, NOISE), v_set32(NOISE));
    v_store(&chunk->noise[i], noise);
    v_store(&chunk->all[i], v_add32(v_cut(signal, 0), noise));
}

V_INLINE void add_information(Log2 *sum, const Chunk *chunk, int count)
{
    for (int i = 0; i < count; i++) {
        const Log2 all = v_log2_fixed(chunk->all[i]), less = v_log2_fixed(chunk->noise[i]);
        add_log(sum, chunk->related[i], v_sub32(all.segments, less.segments),
                v_sub32(all.rest, less.rest));
    }
}

void K(vif_sum_dis)(VmtVifSums *sums, const int32_t *ref_var, const int32_t *dis_var,
                    const int32_t *cov, int w, double gain_limit, const VmtTables *tables)
{
    const VD limit = v_set_d(gain_limit);
    Log2 sum = { v_set32(0), v_set32(0) };
    V flat = v_set64(0);
    Chunk chunk;

    (void)tables;
    for (int x = 0; x < w;) {
        int count = 0;
        for (; count < CHUNK && x < w; count++, x += V_32) {
            const V s1 = v_load(ref_var + x), s2 = v_load(dis_var + x), s12 = v_load(cov + x);
            const VM inside = v_first32(w - x), detail = v_greater32(s1, v_set32(NOISE - 1));
            const VM positive = v_greater32(v_min32(s2, s12), v_set32(0));
            flat = v_add_pairs_u32(flat, v_keep32(v_but(inside, detail), s2));
            chunk.related[count] = v_both(v_both(detail, inside), positive);
            put_information(&chunk, count, s1, s2, s12, limit);
        }
        add_information(&sum, &chunk, count);
    }
    sums->num_log += whole_log(&sum);
    sums->num_flat += v_sum64(flat);
}
