// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * SHA-256 by the instructions that many CPUs have for it: the SHA extensions of x86-64, the
 * cryptographic ones of 64-bit Arm. Whether this CPU has them is asked when it runs.
 */
#ifndef VMT_FUSION_VEC_SHA256_H
#define VMT_FUSION_VEC_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Four rounds: words of the message are kept in a ring of four vectors. */
enum { SHA256_STEPS = 16, SHA256_LAST_EXPANDED = 12 };

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

static bool has_sha256(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* Blocks of 64 bytes; the state is kept as the instructions want it, ABEF and CDGH. */
__attribute__((target("sha,sse4.1,ssse3")))
static void add_blocks_fast(uint32_t state[8], const uint8_t *data, size_t blocks,
                            const uint32_t constant[64])
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    const __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; blocks > 0; blocks--, data += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), swap);
        for (int i = 0; i < SHA256_STEPS; i++) {
            __m128i *word = &w[i % 4];
            const __m128i next = w[(i + 1) % 4], last = w[(i + 3) % 4];
            const __m128i k = _mm_loadu_si128((const __m128i *)(constant + 4 * i));
            const __m128i sum = _mm_add_epi32(*word, k);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
            if (i < SHA256_LAST_EXPANDED)
                *word = _mm_sha256msg2_epu32(
                    _mm_add_epi32(_mm_sha256msg1_epu32(*word, next),
                                  _mm_alignr_epi8(last, w[(i + 2) % 4], 4)), last);
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#elif defined(__aarch64__) && defined(__GNUC__) && defined(__linux__) && !defined(__AARCH64EB__)
#include <arm_neon.h>
#include <sys/auxv.h>

static bool has_sha256(void)
{
    return getauxval(AT_HWCAP) & 1 << 6; /* HWCAP_SHA2 */
}

#if defined(__clang__)
__attribute__((target("sha2")))
#else
__attribute__((target("+crypto")))
#endif
static void add_blocks_fast(uint32_t state[8], const uint8_t *data, size_t blocks,
                            const uint32_t constant[64])
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    for (; blocks > 0; blocks--, data += 64) {
        const uint32x4_t abcd_before = abcd, efgh_before = efgh;
        uint32x4_t w[4];
        for (int i = 0; i < 4; i++)
            w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
        for (int i = 0; i < SHA256_STEPS; i++) {
            uint32x4_t *word = &w[i % 4];
            const uint32x4_t sum = vaddq_u32(*word, vld1q_u32(constant + 4 * i)), abcd_now = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, abcd_now, sum);
            if (i < SHA256_LAST_EXPANDED)
                *word = vsha256su1q_u32(vsha256su0q_u32(*word, w[(i + 1) % 4]), w[(i + 2) % 4],
                                        w[(i + 3) % 4]);
        }
        abcd = vaddq_u32(abcd, abcd_before);
        efgh = vaddq_u32(efgh, efgh_before);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

#else

static bool has_sha256(void)
{
    return false;
}

static void add_blocks_fast(uint32_t state[8], const uint8_t *data, size_t blocks,
                            const uint32_t constant[64])
{
    (void)state;
    (void)data;
    (void)blocks;
    (void)constant;
}

#endif

#endif
