// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Names and types for a kernel file. The build compiles it once per CPU level (LEVEL: c, ...), and
 * if it reads samples also per width of these (BITS: 8, 16): K(cubes) is vmt_cubes_c, KB(blur) is
 * vmt_blur_8_c.
 */
#ifndef VMT_KERNELS_KERNEL_H
#define VMT_KERNELS_KERNEL_H

#include <stdint.h>

#include "kernels/kernels.h"

#define VMT_NAME2_(name, level) vmt_##name##_##level
#define VMT_NAME2(name, level) VMT_NAME2_(name, level)
#define VMT_NAME3_(name, bits, level) vmt_##name##_##bits##_##level
#define VMT_NAME3(name, bits, level) VMT_NAME3_(name, bits, level)
#define K(name) VMT_NAME2(name, LEVEL)

/* Says of the loop that follows that no row it writes overlaps one it reads. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

/* Has the compiler unroll the loop that follows, of at most n rounds, whole. */
#define VMT_PRAGMA_(text) _Pragma(#text)
#if defined(__clang__)
#define UNROLL(n) _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL(n) VMT_PRAGMA_(GCC unroll n)
#else
#define UNROLL(n)
#endif

/* For a function that takes constants: the loops they bound are known only where it is inline. */
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#ifdef BITS
#define KB(name) VMT_NAME3(name, BITS, LEVEL)
#if BITS == 8
typedef uint8_t Sample;
#else
typedef uint16_t Sample;
#endif

void KB(vif_vertical_ref)(const VmtMoments *out, const void *const *ref, int rows, int w,
                          int scale, int bits);
void KB(vif_vertical_dis)(const VmtMoments *out, const void *const *ref, const void *const *dis,
                          int rows, int w, int scale, int bits);
void KB(vif_down_vertical)(uint16_t *const out[2], const void *const *rows, int w, int scale,
                           int bits);
void KB(wavelet0_vertical)(int16_t *low, int16_t *high, const void *const rows[4], int w,
                           int bits);
int KB(motion_vertical)(const VmtDifferences out[2], const void *const a[6],
                        const void *const b[6], int w, int bits);
unsigned KB(sample_bits)(const void *row, int w);
extern const VmtKernels KB(kernels);
#endif

void K(vif_horizontal_ref)(uint32_t *mean, int32_t *var, const VmtMoments *in, int w, int scale);
void K(vif_horizontal_dis)(int32_t *var, int32_t *cov, const uint32_t *ref_mean,
                           const VmtMoments *in, int w, int scale);
void K(vif_sum_ref)(VmtVifSums *sums, const int32_t *ref_var, int w, const VmtTables *tables);
void K(vif_sum_dis)(VmtVifSums *sums, const int32_t *ref_var, const int32_t *dis_var,
                    const int32_t *cov, int w, double gain_limit, const VmtTables *tables);
void K(vif_down_horizontal)(uint16_t *out, const uint16_t *row, int w, int scale);
void K(wavelet0_horizontal)(int16_t *low, int16_t *high, const int16_t *row, int w);
void K(wavelet1_vertical)(int32_t *low, int32_t *high, const int16_t *const rows[4], int w);
void K(wavelet_vertical)(int32_t *low, int32_t *high, const int32_t *const rows[4], int w);
void K(wavelet_horizontal)(int32_t *low, int32_t *high, const int32_t *row, int w, int shift);
void K(adm0_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                      int x1, const VmtAdmLevel *level, const VmtTables *tables);
void K(adm_decouple)(const VmtMasking *out, const VmtBands *ref, const VmtBands *dis, int x0,
                     int x1, const VmtAdmLevel *level, const VmtTables *tables);
void K(adm0_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                     const int32_t *below, int x0, int x1, const VmtAdmLevel *level);
void K(adm_visible)(int64_t sum[3], const VmtMasking *row, const int32_t *above,
                    const int32_t *below, int x0, int x1, const VmtAdmLevel *level);
void K(adm0_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1,
                   const VmtAdmLevel *level);
void K(adm_cubes)(uint64_t sum[3], const VmtBands *ref, int x0, int x1, const VmtAdmLevel *level);
int64_t K(motion_horizontal)(const VmtDifferences *row, int w, int wide);

#endif
