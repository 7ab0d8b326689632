// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Sums of VIF, in plain C: the definition the other levels must match.
 *
 * The information a pixel carries is a logarithm of variances, in steps of 1 / 2048. Everything is
 * an integer but the gain of the distortion channel, whose double operations are each rounded.
 */
#include "kernels/kernel.h"

/* Variance of the visual noise, 2 in fixed point of 16 bits. */
enum { NOISE = 131072, LOG2_NOISE = 17 * 2048 };

/* 2048 log2(v) of the 16 leading bits of v; v >= 2^16. */
static inline int32_t log2_fixed(uint64_t v, const VmtTables *tables)
{
    const int shift = 48 - __builtin_clzll(v);
    return tables->log2[(v >> shift) - 32768] + 2048 * shift;
}

void K(vif_sum_ref)(VmtVifSums *sums, const int32_t *ref_var, int w, const VmtTables *tables)
{
    int64_t log = 0, flat = 0;

    for (int x = 0; x < w; x++) {
        if (ref_var[x] >= NOISE)
            log += log2_fixed((uint64_t)NOISE + (uint32_t)ref_var[x], tables) - LOG2_NOISE;
        else
            flat++;
    }
    sums->den_log += log;
    sums->flat += flat;
}

void K(vif_sum_dis)(VmtVifSums *sums, const int32_t *ref_var, const int32_t *dis_var,
                    const int32_t *cov, int w, double gain_limit, const VmtTables *tables)
{
    int64_t log = 0, flat = 0;

    for (int x = 0; x < w; x++) {
        if (ref_var[x] < NOISE) {
            flat += dis_var[x];
        } else if (cov[x] > 0 && dis_var[x] > 0) {
            const double s1 = ref_var[x], s2 = dis_var[x], s12 = cov[x];
            double gain = s12 / (s1 + 65536 * 1.0e-10);
            const int64_t rest = (int64_t)(s2 - gain * s12);
            const uint64_t noise = (uint64_t)(rest > 0 ? rest : 0) + NOISE;
            gain = gain < gain_limit ? gain : gain_limit;
            const uint64_t signal = (uint64_t)(int64_t)(gain * gain * s1) + noise;
            log += log2_fixed(signal, tables) - log2_fixed(noise, tables);
        }
    }
    sums->num_log += log;
    sums->num_flat += flat;
}
