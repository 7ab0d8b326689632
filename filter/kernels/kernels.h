// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The table of inner loops. A kernel works on one row, takes numbers, allocates nothing, knows no
 * option and no picture, and gives the same result at every CPU level, bit for bit.
 *
 * The plain C form of a kernel is its definition. What the rows mean, the borders and the order
 * of the rows are the business of filter/features.
 *
 * Rows of intermediate results may be read and written up to VMT_PAD elements before their start,
 * and past their end up to the next multiple of VMT_PAD and VMT_PAD more. Rows of samples end
 * where they end, but for those of less than VMT_SAMPLES, past which VMT_PAD elements may be read.
 */
#ifndef VMT_KERNELS_KERNELS_H
#define VMT_KERNELS_KERNELS_H

#include <stdint.h>

/** Elements around a row of intermediate results: the widest filter's reach and a vector. */
enum { VMT_PAD = 64 };

/** Samples that a kernel takes at a time, at most; a picture's own rows are longer. */
enum { VMT_SAMPLES = 32 };

/** Scales of VIF and levels of the wavelet. */
enum { VMT_SCALES = 4, VMT_TAPS_MAX = 17 };

/** Taps and reach of the VIF filter of a scale. */
static inline int vmt_vif_taps(int scale)
{
    return scale == 0 ? 17 : scale == 1 ? 9 : scale == 2 ? 5 : 3;
}

/** Look-up tables, filled once per context. */
typedef struct VmtTables {
    uint16_t log2[32768];      /**< [i] = 2048 log2(32768 + i), rounded as libvmaf's log2f does */
    int32_t reciprocal[32769]; /**< [k] = floor(2^30 / k), k >= 1 */
} VmtTables;

/**
 * A row of vertically filtered moments of VIF: the mean, and a second moment of 32 bits in halves,
 * because 16-bit halves are what multiplies cheaply in the horizontal pass. They are unsigned
 * numbers less 32768: as signed ones they multiply more cheaply still, and as the taps sum to
 * 65536, a filtered row is just 2^31 too small.
 */
typedef struct VmtMoments {
    int16_t *mean;
    int16_t *high[2]; /**< of the square; of the product with the reference (distorted only) */
    int16_t *low[2];
} VmtMoments;

/** Sums of VIF over some pixels of one scale. */
typedef struct VmtVifSums {
    int64_t num_log;  /**< of log2, where the reference has detail */
    int64_t den_log;
    int64_t num_flat; /**< of the distorted variance, where it has none */
    int64_t flat;     /**< how many pixels have none */
} VmtVifSums;

/**
 * A row of blurred differences. Nearly always they fit 16 bits, and rest is not used; in a wide row
 * they have 17 bits and a sign: 2 value + rest, rest 0 or 1.
 */
typedef struct VmtDifferences {
    int16_t *value, *rest;
} VmtDifferences;

/** A row of wavelet coefficients: horizontal, vertical, diagonal detail. int16_t at level 0. */
typedef struct VmtBands {
    void *band[3];
} VmtBands;

/** What ADM's masking needs of a row. */
typedef struct VmtMasking {
    int32_t *around;     /**< summed over bands: what a neighbour adds to the threshold */
    int32_t *centre;     /**< summed over bands: what the sample itself adds */
    VmtBands restored;   /**< restored coefficients, of the type of the bands */
} VmtMasking;

/** Everything about a level that ADM's kernels take as numbers. */
typedef struct VmtAdmLevel {
    double gain_limit;
    int32_t csf[3];  /**< contrast sensitivity per band, fixed point; levels 1 to 3 */
    int num_shift;   /**< per-sample shift of the numerator's cubes */
    int den_square;  /**< shift of the denominator's squares; levels 1 to 3 */
    int den_shift;   /**< shift of the denominator's cubes; levels 1 to 3 */
} VmtAdmLevel;

typedef struct VmtKernels {
    /* VIF. Samples are the table's; from scale 1 on, 16-bit samples with the table for these. */

    /**
     * Moments of two or four rows of the reference, one below the other: out[0] of the first
     * vmt_vif_taps(scale) rows, out[i] of those that start i rows below.
     */
    void (*vif_vertical_ref)(const VmtMoments *out, const void *const *ref, int rows, int w,
                             int scale, int bits);
    /** The same of the distorted picture, and the product with the reference. */
    void (*vif_vertical_dis)(const VmtMoments *out, const void *const *ref,
                             const void *const *dis, int rows, int w, int scale, int bits);
    /**
     * Filter a row of moments: mean in 32 bits and variance. The row is padded by its border.
     * Within VMT_SAMPLES columns, what is written is in an order of the level's own, always the
     * same: it is summed in the end.
     */
    void (*vif_horizontal_ref)(uint32_t *mean, int32_t *var, const VmtMoments *in, int w,
                               int scale);
    /** The same for the distorted picture, and the covariance. */
    void (*vif_horizontal_dis)(int32_t *var, int32_t *cov, const uint32_t *ref_mean,
                               const VmtMoments *in, int w, int scale);
    /** Add a row of reference variances to den_log and flat. */
    void (*vif_sum_ref)(VmtVifSums *sums, const int32_t *ref_var, int w, const VmtTables *tables);
    /** Add a row to num_log and num_flat. */
    void (*vif_sum_dis)(VmtVifSums *sums, const int32_t *ref_var, const int32_t *dis_var,
                        const int32_t *cov, int w, double gain_limit, const VmtTables *tables);
    /** Filter vertically with the taps of the next scale, out[1] from two rows below out[0]. */
    void (*vif_down_vertical)(uint16_t *const out[2], const void *const *rows, int w, int scale,
                              int bits);
    /** Filter horizontally with the taps of the next scale, keeping every other column: w / 2. */
    void (*vif_down_horizontal)(uint16_t *out, const uint16_t *row, int w, int scale);

    /* Wavelet: low and high half of a signal, from four rows or of one padded row of w. */

    void (*wavelet0_vertical)(int16_t *low, int16_t *high, const void *const rows[4], int w,
                              int bits);
    void (*wavelet0_horizontal)(int16_t *low, int16_t *high, const int16_t *row, int w);
    void (*wavelet1_vertical)(int32_t *low, int32_t *high, const int16_t *const rows[4], int w);
    void (*wavelet_vertical)(int32_t *low, int32_t *high, const int32_t *const rows[4], int w);
    void (*wavelet_horizontal)(int32_t *low, int32_t *high, const int32_t *row, int w, int shift);

    /* ADM, columns x0 to x1 - 1 of a row. Level 0 has 16-bit bands, the others 32-bit ones. */

    /** Split the distorted bands into restored and additive part; masking by the additive one. */
    void (*adm0_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                          int x1, const VmtAdmLevel *level, const VmtTables *tables);
    void (*adm_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                         int x1, const VmtAdmLevel *level, const VmtTables *tables);
    /** Per band: sum of cubes of what masking by the rows above, at and below leaves visible. */
    void (*adm0_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                         const int32_t *below, int x0, int x1, const VmtAdmLevel *level);
    void (*adm_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                        const int32_t *below, int x0, int x1, const VmtAdmLevel *level);
    /** Per band: sum of cubes of the reference. */
    void (*adm0_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1,
                       const VmtAdmLevel *level);
    void (*adm_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1,
                      const VmtAdmLevel *level);

    /* Motion. */

    /**
     * Five-tap vertical blur of a - b for two rows, one below the other: out[0] of the first five
     * rows, out[1] of the last. Returns 1 if they are wide, as a difference does not lie between
     * -32768 and 32767, else 0.
     */
    int (*motion_vertical)(const VmtDifferences out[2], const void *const a[6],
                           const void *const b[6], int w, int bits);
    /** Sum of the absolute five-tap horizontal blur of a padded row. */
    int64_t (*motion_horizontal)(const VmtDifferences *row, int w, int wide);

    /* Samples. */

    /** All samples of a row, or-ed together. */
    unsigned (*sample_bits)(const void *row, int w);
} VmtKernels;

/** The best level this CPU and this build have: a VMT_CPU_ other than VMT_CPU_BEST. */
int vmt_cpu_best(void);

/** The table of a level that is available, for samples of bits. */
const VmtKernels *vmt_kernels(int cpu, int bits);

#endif
